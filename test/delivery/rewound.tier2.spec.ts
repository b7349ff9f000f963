import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { replay } from '../../src/platform/delivery/maintenance/replay.js';
import { whyRewound } from '../../src/platform/delivery/checkpoint/start-guard.js';
import { RuntimeHealth } from '../../src/platform/runtime/health.js';
import { acceptRewound, rewoundConsumers } from '../../src/platform/operations/rewound-consumers.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Begun, checkout, ear, Extra, outside, outsideCalls, version } from '../support/hearing-versions.js';
import { backUp, loseTables } from '../support/lost-tables.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

jest.setTimeout(25_000);

const EAR = 'listener.ear';
const said = ['a', 'b', 'c', 'd'];

describe.each([1, 3])('a consumer in %d partitions that had heard everything', (partitions) => {
  const modules = version([ear([Begun], { name: 'ear', partitions })]);
  let database: TestDatabase;
  const running = new Set<Replica>();

  beforeEach(async () => void (database = await testDatabase(modules)));
  afterEach(async () => {
    await Promise.all([...running].map(stop));
    await database.drop();
  });

  const start = async (which: readonly Type[] = modules) => {
    const replica = await startReplica(database, which);
    running.add(replica);
    return replica;
  };
  const stop = async (replica: Replica) => {
    running.delete(replica);
    await replica.stop();
  };
  const heard = async (replica: Replica, by = 'ear') => {
    const text = 'SELECT id FROM heard WHERE by = $1 ORDER BY id';
    return (await replica.sql<{ id: string }>('listener', text, [by])).map(({ id }) => id);
  };
  const say = (replica: Replica, ...ids: string[]) => replica.publish(...ids.map((id) => new Begun({ id })));
  const hears = (replica: Replica, ids: readonly string[], by = 'ear') =>
    eventually(async () => (await heard(replica, by)).join() === ids.join(), `${by} hearing ${ids.join()}`, 20_000);
  const reported = async (replica: Replica, position: number) => {
    const text = `SELECT FROM outbox_reader WHERE consumer = $1 AND position >= $2`;
    const told = async () => (await replica.sql('speaker', text, [EAR, position])).length > 0;
    await eventually(told, 'the speaker being told', 20_000);
  };
  /** Nothing runs any more. */
  async function heardAll(which: readonly Type[] = modules): Promise<void> {
    const replica = await start(which);
    await say(replica, ...said);
    await hears(replica, said);
    await reported(replica, said.length);
    await stop(replica);
  }
  const isHeld = (replica: Replica) =>
    eventually(() => (replica.runtime.guards.get(EAR)?.rewound.length ?? 0) > 0, 'the ear not starting');

  it('does not start from empty tables, says why, and goes on where it is told to; everything else runs', async () => {
    await heardAll();
    await loseTables(database, modules[2]!);
    const both = version([ear([Begun], { name: 'ear', partitions }), ear([Begun], { name: 'other' })]);
    const [one, two] = [await start(both), await start(both)];
    await Promise.all([isHeld(one), isHeld(two)]);
    await say(one, 'e');
    await hears(one, [...said, 'e'], 'other');
    expect(await heard(one)).toEqual([]);

    const why = { consumer: EAR, producer: 'speaker', heard: 4, here: 0, end: 5 };
    expect(await rewoundConsumers(one.runtime)).toEqual([why]);
    const { ready, modules: told } = await new RuntimeHealth(two.runtime).check();
    expect(ready).toBe(true);
    expect(told.filter((module) => 'stopped' in module)).toEqual([
      expect.objectContaining({
        name: 'listener',
        stopped: [{ consumer: EAR, reason: expect.stringContaining(`accept ${EAR} --at 4`) }],
      }),
    ]);

    await expect(acceptRewound(one.runtime, 'listener.nobody', 4)).rejects.toMatchObject({ code: 'unknown_consumer' });
    await expect(acceptRewound(one.runtime, EAR, 4, 'bank')).rejects.toMatchObject({ code: 'not_rewound' });
    await expect(acceptRewound(one.runtime, EAR, 6)).rejects.toMatchObject({ code: 'beyond_the_end' });
    await acceptRewound(one.runtime, EAR, 3);
    await hears(one, ['d', 'e']);
    expect(await rewoundConsumers(two.runtime)).toEqual([]);
    await expect(acceptRewound(one.runtime, EAR, 3)).rejects.toMatchObject({ code: 'not_rewound' });
    expect(await heard(one)).toEqual(['d', 'e']);
  });

  it('does not start from a backup, nor after a replica of a former version has reported it', async () => {
    const first = await start();
    await say(first, 'a', 'b');
    await hears(first, ['a', 'b']);
    const restore = await backUp(database, 'listener', ['consumer_progress', 'heard']);
    await say(first, 'c', 'd');
    await hears(first, said);
    await reported(first, said.length);
    await stop(first);
    await restore();
    const again = await start();
    await isHeld(again);
    // This is all that a former version says.
    await again.sql('speaker', `UPDATE outbox_reader SET position = 2, moved_at = now() WHERE consumer = $1`, [EAR]);
    const other = await start();
    await isHeld(other);
    expect(await rewoundConsumers(other.runtime)).toMatchObject([{ consumer: EAR, heard: 4 }]);
    expect(await heard(other)).toEqual(['a', 'b']);
    await acceptRewound(other.runtime, EAR, 4);
    await say(other, 'e');
    await hears(other, ['a', 'b', 'e']);
  });

  it('stops when its tables are restored while it runs, and goes on where it is told to', async () => {
    const replica = await start();
    await say(replica, 'a', 'b');
    await hears(replica, ['a', 'b']);
    const restore = await backUp(database, 'listener', ['consumer_progress', 'heard']);
    await say(replica, 'c', 'd');
    await hears(replica, said);
    await reported(replica, said.length);
    await restore();
    await say(replica, 'e');
    await isHeld(replica);
    expect(await heard(replica)).toEqual(['a', 'b']);
    await acceptRewound(replica.runtime, EAR, 4);
    await hears(replica, ['a', 'b', 'e']);
  });

  it('may be told to hear everything again, or what was said since a moment', async () => {
    await heardAll();
    await loseTables(database, modules[2]!);
    const replica = await start();
    await isHeld(replica);
    await replay(replica.runtime, EAR, 'start');
    await hears(replica, said);
    await expect(replay(replica.runtime, EAR, 'start')).rejects.toMatchObject({ code: 'not_rebuildable' });
  });

  it('starts from the oldest message without asking where it is rebuildable, or has another name', async () => {
    await heardAll(
      version([ear([Begun], { name: 'ear', partitions }), ear([Begun], { name: 'page', rebuildable: true })]),
    );
    await loseTables(database, modules[2]!);
    const replica = await start(
      version([ear([Begun], { name: 'new' }), ear([Begun], { name: 'page', partitions, rebuildable: true })]),
    );
    await hears(replica, said, 'page');
    await hears(replica, said, 'new');
    expect(await rewoundConsumers(replica.runtime)).toEqual([]);
  });

  it('is not held up by a type that it gains, nor by one that takes the place of all others', async () => {
    await heardAll();
    const gained = await start(version([ear([Begun, Extra], { name: 'ear', partitions })]));
    await gained.publish(new Extra({ id: 'x' }));
    await hears(gained, [...said, 'x']);
    await stop(gained);
    const again = await start(version([ear([Begun, Extra], { name: 'ear', partitions: 4 - partitions })]));
    await say(again, 'z');
    await hears(again, [...said, 'x', 'z']);
    expect(await rewoundConsumers(again.runtime)).toEqual([]);
  });
});

describe('a saga, and a consumer that calls the outside', () => {
  const modules = version([checkout('listener.checkout'), outside([Begun])]);

  it('do nothing from empty tables: no command is sent and no call made again', async () => {
    const database = await testDatabase(modules);
    const first = await startReplica(database, modules);
    outsideCalls.length = 0;
    await first.publish(...said.map((id) => new Begun({ id })));
    const ended = `SELECT FROM saga WHERE status = 'done'`;
    await eventually(
      async () => (await first.sql('listener', ended)).length === said.length,
      'the sagas ending',
      20_000,
    );
    await eventually(() => outsideCalls.length === said.length, 'the calls', 20_000);
    const known = `SELECT FROM outbox_reader WHERE consumer LIKE 'listener.%' AND position > 0`;
    await eventually(async () => (await first.sql('bank', known)).length === 1, 'the bank being told', 20_000);
    await eventually(async () => (await first.sql('speaker', known)).length === 2, 'the speaker being told', 20_000);
    await first.stop();
    await loseTables(database, modules[2]!);
    const again = await startReplica(database, modules);
    const held = ['listener.checkout', 'listener.outside'].map((name) => again.runtime.guards.get(name)!);
    await eventually(() => held.every(({ rewound }) => rewound.length > 0), 'both not starting');
    expect(held[0]!.rewound.map(({ producer }) => producer).sort()).toEqual(['bank', 'speaker']);
    await expect(acceptRewound(again.runtime, 'listener.checkout', 4)).rejects.toMatchObject({
      code: 'several_producers',
    });
    await acceptRewound(again.runtime, 'listener.checkout', 4, 'speaker');
    await acceptRewound(again.runtime, 'listener.checkout', 4, 'bank');
    // The outbox of the listener is gone as well: the bank would miss the next commands.
    const ahead = (await rewoundConsumers(again.runtime)).find(({ consumer }) => consumer === 'bank.commands')!;
    expect(ahead).toMatchObject({ producer: 'listener', end: 0, here: expect.any(Number) });
    expect(whyRewound(ahead)).toMatch(/up to \d+, and listener has come to 0 only.*accept bank.commands --at 0/);
    await acceptRewound(again.runtime, 'bank.commands', 0);
    await again.publish(new Begun({ id: 'e' }));
    await eventually(async () => (await again.sql('listener', ended)).length === 1, 'the new saga ending', 20_000);
    expect(outsideCalls).toHaveLength(said.length);
    await again.stop();
    await database.drop();
  });
});
