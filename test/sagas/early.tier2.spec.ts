import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import { Sagas } from '../../src/platform/operations/sagas.js';
import { replyRow } from '../../src/platform/transaction/message.js';
import type { StoredMessage } from '../../src/platform/transaction/message.js';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { onCrossing } from '../../src/platform/observability/crossings.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Billed, dunning, failing, Hinted, Noted, Paid } from '../support/dunning.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
let replica: Replica;
let id: string;
let n = 0;
/** How the hints ended that came to the saga, as the metrics count it. */
const endings: string[] = [];
/** What the log says of messages that were ignored. */
const ignored: { type: string; instance: string; why: string; waitedMs: number; level: number }[] = [];

let endCounting: () => void;
beforeAll(async () => {
  endCounting = onCrossing(({ message, ending }) => void (message === 'bank.hinted.v1' && endings.push(ending)));
  data = await testDatabase(dunning);
  const note = (line: string) => {
    if (line.includes('was ignored by a saga')) ignored.push(JSON.parse(line));
  };
  replica = await startReplica(data, dunning, {}, pino({ level: 'debug' }, { write: note }));
}, 60_000);
afterAll(async () => {
  endCounting();
  await replica.stop();
  await data.drop();
});
beforeEach(() => {
  failing.clear();
  endings.length = 0;
  id = `bill-${++n}`;
});

const deliveries = () => new Deliveries(replica.runtime);
const sql = <T extends object>(text: string, ...values: unknown[]) => replica.sql<T>('shop', text, values);
const bill = () => new Billed({ id });
const paid = (account: string) => new Paid({ account, id });
/** What the instance has heard since it began; `undefined` while it has not begun. */
const heard = async () =>
  (await sql<{ heard: string[] }>(`SELECT state->'heard' AS heard FROM saga WHERE id = $1`, id))[0]?.heard;
const waiting = async (type: string) =>
  (await deliveries().list(100)).items.find((item) => item.type === type && item.key.endsWith(id));
const parked = (type: string) => eventually(() => waiting(type), `${type} being set aside`);
const hears = (what: string[]) =>
  eventually(async () => JSON.stringify(await heard()) === JSON.stringify(what), `hearing ${what.join()}`);
/** What failed succeeds from now on, and is tried again at once. */
const recover = async () => {
  failing.clear();
  await deliveries().retryAll({}, { by: 'spec', reason: 'a test' });
};
const isIgnored = (type: string) =>
  eventually(() => ignored.find((line) => line.type === type && line.instance === id), `${type} being ignored`);

describe('a start that fails', () => {
  it.each(['waits', 'is dead'])(
    'holds up what follows for its instance, of any producer and key, while it %s',
    async (how) => {
      failing.add(id);
      await replica.publish(bill());
      const start = await parked('shop.billed.v1');
      if (how === 'is dead') await sql(`UPDATE parked_message SET state = 'dead' WHERE key = $1`, `shop/${id}`);
      await replica.publish(new Noted({ page: `p-${id}`, id }));
      const behind = await parked('shop.noted.v1');
      await replica.publish(paid(`a-${id}`));
      await parked('bank.paid.v1');
      expect(behind).toMatchObject({ attempts: 0, dueInMs: null, waitsFor: `its turn, behind ${start.id}` });
      expect(await heard()).toBeUndefined();
      failing.clear();
      await deliveries().retry(start.id, { by: 'spec', reason: 'a test' });
      await hears([`p-${id}`, 'paid']);
      expect((await deliveries().list(100)).items).toEqual([]);
    },
  );

  it('holds up no other instance, of the same key neither', async () => {
    failing.add(id);
    await replica.publish(bill());
    const start = await parked('shop.billed.v1');
    const mine = id;
    await replica.publish(new Noted({ page: 'shared', id: mine }));
    id = `${mine}-other`;
    await replica.publish(bill());
    await eventually(heard, 'the other instance');
    await replica.publish(new Noted({ page: 'shared', id }));
    await hears(['shared']);
    await deliveries().discard(start.id, { by: 'spec', reason: 'a test' });
    id = mine;
    expect(await isIgnored('shop.noted.v1')).toMatchObject({ why: 'there is no such instance', waitedMs: 0 });
  });

  it('is not held up by an event that came before it', async () => {
    await replica.publish(paid(`a-${id}`));
    await parked('bank.paid.v1');
    failing.add(id);
    await replica.publish(bill());
    expect(await parked('shop.billed.v1')).toMatchObject({ state: 'waiting', waitsFor: null });
    await recover();
    await hears(['paid']);
  });

  it('is found by its instance also where a version parked it that knows keys only', async () => {
    failing.add(id);
    await replica.publish(bill());
    const start = await parked('shop.billed.v1');
    await sql(
      `UPDATE parked_message SET ordering_key = NULL, ordering_rank = 1, due_at = now() + interval '1 hour' WHERE key = $1`,
      `shop/${id}`,
    );
    await replica.publish(paid(`a-${id}`));
    await eventually(
      async () => (await waiting('bank.paid.v1'))?.waitsFor === `its turn, behind ${start.id}`,
      'the order',
    );
    await recover();
    await hears(['paid']);
  });
});

describe('an event for an instance that does not exist', () => {
  it('an event of another producer waits for its instance to begin, in order', async () => {
    await replica.publish(paid(`a-${id}`), new Hinted({ account: `b-${id}`, id }));
    const early = await parked('bank.paid.v1');
    expect(early).toMatchObject({ attempts: 0, state: 'waiting', waitsFor: `shop.dunning ${id} to begin` });
    await replica.publish(bill());
    await hears(['paid', 'hint']);
    expect(ignored.filter(({ instance }) => instance === id)).toEqual([]);
  });

  it('is dropped in the end, and the log says so', async () => {
    await replica.publish(new Hinted({ account: `b-${id}`, id }));
    expect(await isIgnored('bank.hinted.v1')).toMatchObject({
      why: 'there is no such instance',
      waitedMs: 300,
      level: 40,
    });
    await eventually(async () => (await waiting('bank.hinted.v1')) === undefined, 'it being gone');
    expect(endings).toEqual(['later', 'ignored']);
    await replica.publish(bill());
    await hears([]);
  });

  it('an event of the producer that begins instances, for one that does not exist, is ignored at once: it is older than any start that is still to come', async () => {
    await replica.publish(new Noted({ page: `p-${id}`, id }));
    expect(await isIgnored('shop.noted.v1')).toMatchObject({ waitedMs: 0, level: 20 });
    await replica.publish(bill());
    await hears([]);
  });

  it('is never a reply: that becomes a dead letter', async () => {
    const headers = { correlationid: id, causationid: id, traceparent: '', actor: { sub: 'x', role: 'staff' } };
    const replyto = { module: 'shop', saga: 'shop.dunning', id };
    const command = { type: 'bank.remind.v1', headers: { ...headers, replyto } } as unknown as StoredMessage;
    const unit = new UnitOfWork('bank', replica.runtime.database('bank').dataSource);
    unit.append(replyRow(command, { ok: true, result: null })!);
    await unit.commit();
    replica.runtime.watches.get('bank')!.committed();
    const failed = await parked('bank.remind.v1.reply');
    expect(failed.lastError).toBe(`Error: shop.dunning ${id} does not exist, but it was sent bank.remind.v1.reply.`);
    await replica.publish(bill());
    await hears(['answer']);
  });
});

describe('a message that names no instance', () => {
  it.each(['', 'x'.repeat(3000)])('fails by itself, and holds up no other', async (none) => {
    await replica.publish(new Noted({ page: `p-${id}`, id: none }));
    const failed = await parked('shop.noted.v1');
    expect(failed.lastError).toMatch(
      /^ContractViolation: The id of an instance of shop\.dunning, .* 1 to 512 characters/,
    );
    await replica.publish(bill());
    await hears([]);
    await deliveries().discard(failed.id, { by: 'spec', reason: 'a test' });
  });
});

describe('a second start with the same id', () => {
  it('is ignored, and the log says so', async () => {
    await replica.publish(bill(), bill());
    expect(await isIgnored('shop.billed.v1')).toMatchObject({ why: 'the instance has begun already' });
    await replica.publish(paid(`a-${id}`));
    await hears(['paid']);
  });
});

describe('an instance that is done', () => {
  /** The application looks after its outbox as well, and only one does at a time. */
  const retired = (instance: string, keepMs: number) =>
    eventually(async () => {
      await keepOutbox(replica.runtime.database('shop'), [], { keepMs, partitionRows: 1e6 }, []);
      return (await sql('SELECT FROM saga WHERE id = $1', instance)).length === 0;
    }, `${instance} being gone`);
  const done = async () => {
    await replica.publish(bill());
    await replica.publish(paid(`a-${id}`));
    await hears(['paid']);
  };
  const since = (instance: string, hours: number) =>
    sql(
      `UPDATE saga SET (ended_at, updated_at) = (SELECT at, at FROM (SELECT now() - $2 * interval '1 h' AS at) moment) WHERE id = $1`,
      instance,
      hours,
    );

  it('hears what comes late, and is gone after the retention; then a start begins anew', async () => {
    await done();
    await replica.publish(new Noted({ page: `p-${id}`, id }));
    await hears(['paid', `p-${id}`]);
    await retired(id, 0);
    await replica.publish(new Noted({ page: `q-${id}`, id }));
    expect(await isIgnored('shop.noted.v1')).toMatchObject({ why: 'there is no such instance' });
    await replica.publish(bill());
    await hears([]);
  });

  it.each([
    ['it is younger than the retention', `ended_at = now() - interval '30 min', updated_at = now()`],
    ['an answer is outstanding', `steps = '[{"command": "bank.remind.v1", "outcome": "sent"}]'`],
    ['a timeout is armed', `timeout_name = 'due', timeout_at = now() + interval '1 day'`],
  ])('is kept while %s', async (_, set) => {
    await done();
    const kept = id;
    await since(kept, 2);
    await sql(`UPDATE saga SET ${set} WHERE id = $1`, kept);
    id = `${kept}-other`;
    await done();
    await since(id, 2);
    await retired(id, 3_600_000);
    expect(await new Sagas(replica.runtime).show(kept)).toMatchObject([{ status: 'done' }]);
  });
});
