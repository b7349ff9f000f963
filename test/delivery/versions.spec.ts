import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { keepOutbox } from '../../src/platform/delivery/retention.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Begun, ear, Extra, Paid, version } from '../support/hearing-versions.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
const running = new Set<Replica>();
beforeAll(async () => void (data = await testDatabase(version([]))), 60_000);
afterEach(async () => {
  await Promise.all([...running].map(stop));
});
afterAll(() => data.drop());

async function start(modules: readonly Type[], housekeeping = {}): Promise<Replica> {
  const replica = await startReplica(data, modules, housekeeping);
  running.add(replica);
  return replica;
}

async function stop(replica: Replica): Promise<void> {
  running.delete(replica);
  await replica.stop();
}

/** What one subscription has heard with ids that begin like this, in order: `Type id`. */
async function heard(replica: Replica, by: string, prefix: string): Promise<string[]> {
  const text = `SELECT concat(type, ' ', id) AS line FROM heard WHERE by = $1 AND id LIKE $2 || '%' ORDER BY n`;
  return (await replica.sql<{ line: string }>('listener', text, [by, prefix])).map(({ line }) => line);
}

async function hears(replica: Replica, by: string, prefix: string, lines: readonly string[]): Promise<void> {
  await eventually(async () => (await heard(replica, by, prefix)).length >= lines.length, `${by} hearing ${prefix}`);
  expect((await heard(replica, by, prefix)).sort()).toEqual([...lines].sort());
}

const both = (id: string) => [`Begun ${id}`, `Extra ${id}`];
const say = (replica: Replica, id: string) => replica.publish(new Begun({ id }), new Extra({ id }));

/** Has everything that was read be saved as progress, as housekeeping does. */
async function passes(replica: Replica, consumer: string): Promise<void> {
  const [loop] = replica.runtime.loops.filter(({ consumerName }) => consumerName === consumer);
  await eventually(() => {
    loop!.review();
    return !loop!.isBehind() && loop!.progress.position === loop!.progress.saved;
  }, `${consumer} having read everything`);
}

describe('a subscription that gains a type', () => {
  it.each([1, 3])('hears what a version without it had passed, and nothing twice (%i partitions)', async (partitions) => {
    const name = `gains-${partitions}`;
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, { name, partitions })]));
    const ids = Array.from({ length: 12 }, (_, n) => `${name}-${n}`);
    const old = await start(v1!);
    for (const id of ids) await say(old, id);
    await hears(old, name, name, ids.map((id) => `Begun ${id}`));
    await passes(old, `listener.${name}`);
    await stop(old);
    const newer = await start(v2!);
    await hears(newer, name, name, ids.flatMap(both));
    await say(newer, `${name}-last`);
    await hears(newer, name, name, [...ids, `${name}-last`].flatMap(both));
  });

  it('hears everything once, each key in order, while both versions run, and when the newer one stops and comes again', async () => {
    const name = 'mixed';
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, { name })]));
    const [old, newer] = [await start(v1!), await start(v2!)];
    const ids = Array.from({ length: 30 }, (_, n) => `${name}-${n}`);
    for (const id of ids) await say(old, id);
    await hears(newer, name, name, ids.flatMap(both));
    await stop(newer);
    await old.publish(new Extra({ id: 'waits-1' }), new Begun({ id: 'waits-1' }), new Begun({ id: 'waits-2' }));
    await hears(old, name, 'waits', ['Begun waits-2']);
    const items = async () => (await new Deliveries(old.runtime).list(100)).items;
    const mine = await eventually(async () => {
      const found = (await items()).filter(({ key }) => key === 'speaker/waits-1');
      return found.length === 2 && found;
    }, 'both waiting');
    expect(mine).toMatchObject([
      { type: 'speaker.extra.v1', attempts: 0, state: 'waiting', waitsFor: 'a version that knows speaker.extra.v1' },
      { type: 'speaker.begun.v1', attempts: 0, state: 'waiting', waitsFor: expect.stringContaining('its turn, behind') },
    ]);
    expect(await new Deliveries(old.runtime).show(mine[0]!.id)).toMatchObject({ errors: [] });
    const again = await start(v2!);
    await hears(again, name, 'waits-1', ['Extra waits-1', 'Begun waits-1']);
    expect(await heard(again, name, 'waits-1')).toEqual(['Extra waits-1', 'Begun waits-1']);
  });
});

/** As if the last replica that knows a type had stopped long ago. */
async function longAgo(replica: Replica, consumer: string, type: string): Promise<void> {
  const text = `UPDATE consumer_type SET seen_at = now() - interval '1 hour' WHERE consumer = $1 AND type = $2`;
  await replica.sql('listener', text, [consumer, type]);
}

describe('a type that no running replica knows any more', () => {
  it('leaves the set, holds up no key, and comes back with a version that knows it, once', async () => {
    const name = 'back';
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, { name })]));
    const newer = await start(v2!);
    await say(newer, 'back-1');
    await hears(newer, name, 'back', both('back-1'));
    await stop(newer);
    const old = await start(v1!);
    await longAgo(old, 'listener.back', 'speaker.extra.v1');
    await old.publish(new Extra({ id: 'back-2' }), new Begun({ id: 'back-2' }));
    await hears(old, name, 'back-2', ['Begun back-2']);
    await say(old, 'back-3');
    await hears(old, name, 'back-3', ['Begun back-3']);
    expect(await old.sql('listener', `SELECT 1 FROM parked_message WHERE consumer = 'listener.back'`)).toEqual([]);
    await stop(old);
    const again = await start(v2!);
    await hears(again, name, 'back', ['back-1', 'back-2', 'back-3'].flatMap(both));
    await say(again, 'back-4');
    await hears(again, name, 'back', ['back-1', 'back-2', 'back-3', 'back-4'].flatMap(both));
  });

  it('does not keep the outbox of a producer of which nothing is read any more', async () => {
    const name = 'fewer';
    const [v2, v1] = [[Begun, Paid], [Begun]].map((types) => version([ear(types, { name })]));
    const newer = await start(v2!);
    await newer.publish(new Paid({ id: 'paid-1' }));
    await hears(newer, name, 'paid', ['Paid paid-1']);
    await stop(newer);
    const old = await start(v1!);
    await longAgo(old, 'listener.fewer', 'bank.paid.v1');
    const known = `SELECT position > 1e15 AS all FROM outbox_reader WHERE consumer = 'listener.fewer'`;
    await eventually(async () => {
      await keepOutbox(old.runtime.database('bank'), old.runtime.databases, { keepMs: 1e9, partitionRows: 1000 });
      return (await old.sql<{ all: boolean }>('bank', known))[0]?.all;
    }, 'the bank keeping nothing for it');
    await old.publish(new Paid({ id: 'paid-2' }));
    await stop(old);
    const again = await start(v2!);
    await hears(again, name, 'paid', ['Paid paid-1', 'Paid paid-2']);
  });
});
