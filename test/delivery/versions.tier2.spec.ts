import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import pg from 'pg';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { noteKnown, retireTypes } from '../../src/platform/delivery/checkpoint/covered-set.js';
import { replay } from '../../src/platform/delivery/maintenance/replay.js';
import { Subscription } from '../../src/platform/index.js';
import type { Logger } from '../../src/platform/observability/logging.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { testLogger, wiringProblems } from '../../src/platform/testing/wiring.js';
import {
  bank,
  bankOf,
  Begun,
  checkout,
  ear,
  Extra,
  outside,
  outsideCalls,
  Paid,
  Pay,
  SendMail,
  version,
} from '../support/hearing-versions.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
const running = new Set<Replica>();
beforeAll(async () => void (data = await testDatabase(version([]))), 60_000);
afterEach(async () => {
  await Promise.all([...running].map(stop));
});
afterAll(() => data.drop());

async function start(modules: readonly Type[], log?: Logger): Promise<Replica> {
  const replica = await startReplica(data, modules, {}, log);
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
  it.each([
    [1, 1],
    [3, 2],
  ])(
    'hears what a version without it had passed, and nothing twice (%i partitions, then %i)',
    async (before, after) => {
      const name = `gains-${before}`;
      const v1 = version([ear([Begun], { name, partitions: before })]);
      const v2 = version([ear([Begun, Extra], { name, partitions: after })]);
      const ids = Array.from({ length: 12 }, (_, n) => `${name}-${n}`);
      const old = await start(v1);
      for (const id of ids) await say(old, id);
      await hears(
        old,
        name,
        name,
        ids.map((id) => `Begun ${id}`),
      );
      await passes(old, `listener.${name}`);
      await stop(old);
      const newer = await start(v2);
      await hears(newer, name, name, ids.flatMap(both));
      await say(newer, `${name}-last`);
      await hears(newer, name, name, [...ids, `${name}-last`].flatMap(both));
    },
  );

  it('hears everything once, each key in order, while both versions run, and when the newer one stops and comes again', async () => {
    const name = 'mixed';
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, { name })]));
    const [old, newer] = [await start(v1!), await start(v2!)];
    const ids = Array.from({ length: 30 }, (_, n) => `${name}-${n}`);
    for (const id of ids) await say(old, id);
    await hears(newer, name, name, ids.flatMap(both));
    const lines = await heard(newer, name, name);
    for (const id of ids) expect(lines.filter((line) => line.endsWith(` ${id}`))).toEqual(both(id));
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
      {
        type: 'speaker.begun.v1',
        attempts: 0,
        state: 'waiting',
        waitsFor: expect.stringContaining('its turn, behind'),
      },
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

async function covers(replica: Replica, consumer: string, type: string): Promise<boolean> {
  const text = 'SELECT 1 FROM consumer_type WHERE consumer = $1 AND type = $2 AND handled IS NULL';
  return (await replica.sql('listener', text, [consumer, type])).length === 1;
}

/** Nobody gets on with it until the returned function is called. */
async function lockCheckpoint(consumer: string, producer: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: data.urls.get('listener')!, options: '-c search_path=listener' });
  await client.connect();
  await client.query('BEGIN');
  const text = 'SELECT FROM consumer_progress WHERE consumer = $1 AND producer = $2 FOR UPDATE';
  await client.query(text, [consumer, producer]);
  return () => client.end();
}

/** Has the speaker told how far its readers are, as housekeeping does. */
async function keep({ runtime }: Replica): Promise<void> {
  const options = { keepMs: 1e9, partitionRows: 1000 };
  const keepOnce = () => keepOutbox(runtime.database('speaker'), runtime.databases, options, []);
  await eventually(keepOnce, 'nobody else looking after the outbox');
}

async function aliases(replica: Replica): Promise<string[]> {
  const rows = await replica.sql<{ former: string }>('listener', 'SELECT former FROM consumer_alias');
  return rows.map(({ former }) => former);
}

/** A log that keeps the errors that are told. */
function keepingLog(): { log: Logger; told: () => string } {
  const lines: { err?: unknown }[] = [];
  const log = { ...testLogger(), warn: (line: { err?: unknown }) => lines.push(line), error: () => {} };
  return { log, told: () => lines.map(({ err }) => String(err)).join('; ') };
}

describe('a type that no running replica knows any more', () => {
  it('leaves the set, holds up no key, and comes back with a version that knows it, once', async () => {
    const name = 'back';
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, { name })]));
    const newer = await start(v2!);
    await say(newer, 'back-1');
    await hears(newer, name, 'back', both('back-1'));
    const [database, consumers] = [newer.runtime.database('listener'), newer.runtime.consumers];
    await longAgo(newer, 'listener.back', 'speaker.extra.v1');
    await noteKnown(database, consumers);
    await retireTypes(database, consumers, 120_000);
    expect(await covers(newer, 'listener.back', 'speaker.extra.v1')).toBe(true);
    const parked = `SELECT state FROM parked_message WHERE consumer = 'listener.back' AND key LIKE '%back%'`;
    await newer.publish(new Extra({ id: 'broken-back' }));
    const dead = async () => (await newer.sql<{ state: string }>('listener', parked))[0]?.state === 'dead';
    await eventually(dead, 'a dead letter');
    await stop(newer);
    const old = await start(v1!);
    await longAgo(old, 'listener.back', 'speaker.extra.v1');
    await old.publish(new Extra({ id: 'back-2' }), new Begun({ id: 'back-2' }));
    await hears(old, name, 'back-2', ['Begun back-2']);
    await say(old, 'back-3');
    await hears(old, name, 'back-3', ['Begun back-3']);
    expect(await old.sql('listener', parked)).toEqual([{ state: 'dead' }]);
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
      await keepOutbox(old.runtime.database('bank'), old.runtime.databases, { keepMs: 1e9, partitionRows: 1000 }, []);
      return (await old.sql<{ all: boolean }>('bank', known))[0]?.all;
    }, 'the bank keeping nothing for it');
    await old.publish(new Paid({ id: 'paid-2' }));
    await stop(old);
    const again = await start(v2!);
    await hears(again, name, 'paid', ['Paid paid-1', 'Paid paid-2']);
  });
});

describe('other kinds of consumers', () => {
  it('makes no outside call for a type it does not know, and leaves it to a version that does', async () => {
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([outside(types)]));
    const first = await start(v2!);
    await eventually(() => covers(first, 'listener.outside', 'speaker.extra.v1'), 'the type being covered');
    await stop(first);
    const old = await start(v1!);
    const calls = () => outsideCalls.filter((call) => call.includes(' out-'));
    await old.publish(new Extra({ id: 'out-1' }), new Begun({ id: 'out-1' }), new Begun({ id: 'out-2' }));
    await eventually(() => calls().length === 1, 'the call that can be made');
    await start(v2!);
    await eventually(() => calls().length === 3, 'the other calls');
    expect(calls()).toEqual(['Begun out-2', 'Extra out-1', 'Begun out-1']);
  });

  it('plays everything again to a read model, also what only the newer version knows', async () => {
    const options = { name: 'model', rebuildable: true };
    const [v1, v2] = [[Begun], [Begun, Extra]].map((types) => version([ear(types, options)]));
    const newer = await start(v2!);
    await say(newer, 'model-1');
    await hears(newer, 'model', 'model', both('model-1'));
    await stop(newer);
    const old = await start(v1!);
    await longAgo(old, 'listener.model', 'speaker.extra.v1');
    await eventually(async () => !(await covers(old, 'listener.model', 'speaker.extra.v1')), 'the type leaving');
    await replay(old.runtime, 'listener.model', 'start');
    await hears(old, 'model', 'model', ['Begun model-1']);
    await stop(old);
    const again = await start(v2!);
    await hears(again, 'model', 'model', both('model-1'));
  });

  it('tells the sender of a command that no version has come that knows it', async () => {
    const modules = version([], bankOf({ Pay }));
    const old = await start(modules);
    await old.execute(new SendMail({ id: 'mail-1' }));
    const waiting = async () =>
      (await new Deliveries(old.runtime).list(100)).items.find(({ key }) => key.endsWith('/mail-1'));
    expect(await eventually(waiting, 'the command waiting')).toMatchObject({
      attempts: 0,
      state: 'waiting',
      waitsFor: 'a version that knows bank.mail.v1',
    });
    await old.sql('bank', `UPDATE consumer_type SET seen_at = now() - interval '1 hour' WHERE type = 'bank.mail.v1'`);
    await old.sql('bank', `UPDATE parked_message SET due_at = now() - interval '1 hour' WHERE key LIKE '%/mail-1'`);
    expect(
      await eventually(async () => (await waiting())?.state === 'dead' && (await waiting()), 'giving up'),
    ).toMatchObject({
      lastError:
        'bank does not know bank.mail.v1: no version that does has come. (LIFTOUT_MESSAGE_UNKNOWN: docs/errors.md)',
    });
  });
});

describe('a saga', () => {
  const saga = async (replica: Replica, name: string, id: string) =>
    (
      await replica.sql<{ status: string; state: { step: string; extras: number } }>(
        'listener',
        `SELECT status, state FROM saga WHERE saga = $1 AND id = $2`,
        [name, id],
      )
    )[0];

  it('a saga that gains a step ends after a roll-back in the middle of it', async () => {
    const name = 'listener.steps';
    const [v1, v2] = [version([checkout(name)]), version([checkout(name, { step: true })])];
    const newer = await start(v2);
    let open = () => {};
    bank.mailing = new Promise((resolve) => (open = resolve));
    await newer.publish(new Begun({ id: 'step-1' }));
    await eventually(async () => (await saga(newer, name, 'step-1'))?.state.step === 'mail', 'the new step');
    // The answer is written, and cannot be heard by the version that knows it: its checkpoint is locked.
    const unlock = await lockCheckpoint(name, 'bank');
    open();
    const answered = `SELECT 1 FROM outbox WHERE type = 'bank.mail.v1.reply' AND aggregateid = 'step-1'`;
    await eventually(async () => (await newer.sql('bank', answered)).length === 1, 'the answer');
    await stop(newer);
    await unlock();
    const old = await start(v1);
    await old.publish(new Begun({ id: 'step-2' }));
    await eventually(async () => (await saga(old, name, 'step-2'))?.status === 'done', 'one of the older version');
    await passes(old, name);
    await stop(old);
    const again = await start(v2);
    await eventually(async () => (await saga(again, name, 'step-1'))?.status === 'done', 'the one that was under way');
  });

  it('a saga that gains an event hears those of instances that the older version began', async () => {
    const name = 'listener.events';
    const old = await start(version([checkout(name)]));
    await say(old, 'event-1');
    await eventually(async () => (await saga(old, name, 'event-1'))?.status === 'done', 'the saga');
    await passes(old, name);
    await stop(old);
    const newer = await start(version([checkout(name, { event: true })]));
    await eventually(async () => (await saga(newer, name, 'event-1'))?.state.extras === 1, 'the event');
  });
});

describe('a subscription that was renamed', () => {
  const former = (types = [Begun]) => version([ear(types, { name: 'page' }, 'page')]);
  const renamed = (types = [Begun]) => version([ear(types, { name: 'pages', formerly: 'page' }, 'page')]);
  const names = (replica: Replica, table: string, module = 'listener') =>
    replica.sql(module, `SELECT DISTINCT consumer FROM ${table} WHERE consumer IN ('listener.page', 'listener.pages')`);

  it('goes on where the former one was, with what was put aside; so do versions with the former name', async () => {
    const old = await start(former());
    await old.publish(new Begun({ id: 'page-1' }), new Begun({ id: 'broken-page' }));
    await hears(old, 'page', 'page', ['Begun page-1']);
    await keep(old);
    const newer = await start(renamed([Begun, Extra] as never));
    await say(newer, 'page-2');
    await hears(newer, 'page', 'page', ['Begun page-1', ...both('page-2')]);
    for (const table of ['consumer_progress', 'consumer_type', 'parked_message'])
      expect(await names(newer, table)).toEqual([{ consumer: 'listener.pages' }]);
    await keep(newer);
    expect(await names(newer, 'outbox_reader', 'speaker')).toEqual([{ consumer: 'listener.pages' }]);
    await stop(newer);
    await old.publish(new Begun({ id: 'page-3' }));
    await hears(old, 'page', 'page-3', ['Begun page-3']);
    await stop(old);
    const back = await start(former());
    await say(back, 'page-4');
    await hears(back, 'page', 'page-4', ['Begun page-4']);
    await stop(back);
    const forward = await start(renamed([Begun, Extra] as never));
    await hears(forward, 'page', 'page', ['Begun page-1', ...both('page-2'), 'Begun page-3', ...both('page-4')]);
    expect(await names(forward, 'consumer_progress')).toEqual([{ consumer: 'listener.pages' }]);
    await stop(forward);
    const third = await start(version([ear([Begun], { name: 'sheets', formerly: 'pages' }, 'page')]));
    const first = await start(former());
    await third.publish(new Begun({ id: 'page-5' }));
    await hears(third, 'page', 'page-5', ['Begun page-5']);
    expect(await names(first, 'consumer_progress')).toEqual([]);
  });

  it('a subscription that was renamed without formerly is a new consumer', async () => {
    const old = await start(version([ear([Begun], { name: 'leaf' }, 'leaf')]));
    await old.publish(new Begun({ id: 'leaf-1' }));
    await hears(old, 'leaf', 'leaf', ['Begun leaf-1']);
    await stop(old);
    const newer = await start(version([ear([Begun], { name: 'leaves' }, 'leaf')]));
    await hears(newer, 'leaf', 'leaf', ['Begun leaf-1', 'Begun leaf-1']);
  });

  it('does not share its progress with another one that takes up the former name', async () => {
    await stop(await start(version([ear([Begun], { name: 'roll' })])));
    const renamed = await start(version([ear([Begun], { name: 'rolls', formerly: 'roll' })]));
    await eventually(async () => (await aliases(renamed)).includes('listener.roll'), 'the renaming');
    await stop(renamed);
    const { log, told } = keepingLog();
    const both = version([ear([Begun], { name: 'rolls' }), ear([Begun], { name: 'roll' })]);
    await start(both, log);
    const refusal =
      'listener.roll is the former name of listener.rolls, whose progress it would use: choose another name.';
    await eventually(() => told().includes(refusal), 'the refusal');
  });

  it('is told when both names have progress of their own', async () => {
    const [first, second] = [ear([Begun], { name: 'one' }), ear([Begun], { name: 'two' })];
    await stop(await start(version([first, second])));
    const { log, told } = keepingLog();
    await start(version([ear([Begun], { name: 'two', formerly: 'one' })]), log);
    const refusal = 'listener.two was formerly listener.one, but both have progress of their own.';
    await eventually(() => told().includes(refusal), 'the refusal');
  });

  it('cannot be formerly itself, nor one that is there, nor what another one was', async () => {
    expect(() => Subscription({ name: 'a', formerly: 'a' })).toThrow('formerly has to be the name that it had before');
    const says = 'says that it was formerly listener.a, and so does, or is, another subscription';
    const named = (name: string, formerly?: string) => ear([Begun], { name, ...(formerly && { formerly }) });
    expect(await wiringProblems(version([named('a'), named('b', 'a')]))).toEqual([expect.stringContaining(says)]);
    expect(await wiringProblems(version([named('b', 'a'), named('c', 'a')]))).toEqual([expect.stringContaining(says)]);
  });
});
