import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Housekeeping } from '../../src/platform/delivery/maintenance/housekeeping.js';
import { releaseAll } from '../../src/platform/delivery/retry/parked.js';
import type { Logger } from '../../src/platform/observability/logging.js';
import { listActions } from '../../src/platform/operations/actions.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import { forgetConsumer, goneConsumers } from '../../src/platform/operations/gone-consumers.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CountingModule, failures, RaiseCounter } from '../support/counting.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

describe('operations on what is not delivered', () => {
  let data: TestDatabase;
  let replica: Replica;
  let deliveries: Deliveries;
  let counter: string;
  const warnings: Record<string, unknown>[] = [];
  const log = {
    warn: (line: object, text: string) => warnings.push({ ...line, text }),
    error: () => {},
  } as unknown as Logger;

  beforeAll(async () => {
    data = await testDatabase([CountingModule]);
    replica = await startReplica(data, [CountingModule], {}, log);
    deliveries = new Deliveries(replica.runtime);
  });
  afterAll(async () => {
    await replica.stop();
    await data.drop();
  });
  beforeEach(() => {
    failures.clear();
    warnings.length = 0;
    counter = randomUUID();
  });

  const raise = (mood = 'calm') => replica.execute(new RaiseCounter({ counter, mood }));
  const heard = async () =>
    (
      await replica.sql<{ value: number }>('counting', 'SELECT value FROM heard WHERE counter = $1 ORDER BY n', [
        counter,
      ])
    ).map(({ value }) => value);
  const mine = async () => (await deliveries.list(1000)).items.filter(({ key }) => key === `counting/${counter}`);
  const deadLetter = async () => {
    failures.set(counter, 1000);
    await raise(counter);
    return await eventually(async () => (await mine()).find(({ state }) => state === 'dead'), 'a dead letter');
  };

  it('lists a dead letter with its error, and what waits behind it', async () => {
    const { id } = await deadLetter();
    await raise();
    const [letter, behind] = await eventually(async () => (await mine()).length === 2 && (await mine()));
    expect(letter).toMatchObject({
      id,
      consumer: 'counting.heard',
      type: 'counting.counter-raised.v1',
      attempts: 3,
      dueInMs: null,
      lastError: `Error: heard is ${counter}`,
    });
    expect(behind).toMatchObject({
      state: 'waiting',
      attempts: 0,
      waitsFor: `its turn, behind ${id}`,
      lastError: null,
    });
    expect(id).toMatch(/^counting:\d+$/);
  });

  it('shows one with payload, headers and every error', async () => {
    const { id } = await deadLetter();
    const shown = await deliveries.show(id);
    expect(shown.message.payload).toEqual({ counter, value: 1, mood: counter });
    expect(shown.message.headers).toMatchObject({ actor: { sub: 'system', role: 'system' } });
    expect(shown.errors.map(({ attempt, error }) => [attempt, error])).toEqual(
      [1, 2, 3].map((attempt) => [attempt, `Error: heard is ${counter}`]),
    );
  });

  it('tries one again, with all attempts ahead of it; what waited behind it follows in order', async () => {
    const { id } = await deadLetter();
    await raise();
    failures.set(counter, 1);
    await deliveries.retry(id, { by: 'spec', reason: 'a test' });
    await eventually(async () => (await heard()).length === 2, 'both being delivered');
    expect(await heard()).toEqual([1, 2]);
  });

  it('tries everything again', async () => {
    await deadLetter();
    failures.clear();
    expect(await deliveries.retryAll({}, { by: 'spec', reason: 'a test' })).toBeGreaterThan(0);
    await eventually(async () => (await deliveries.list(10)).total === 0, 'everything being delivered');
  });

  it('discards one for good, and the log keeps why; what waited behind it follows', async () => {
    const { id } = await deadLetter();
    await raise();
    await deliveries.discard(id, { by: 'spec', reason: 'a test' });
    await eventually(async () => (await heard()).length === 1, 'the rest being delivered');
    expect(await heard()).toEqual([2]);
    expect(warnings.find(({ text }) => text === 'an undelivered message was discarded')).toMatchObject({
      id,
      consumer: 'counting.heard',
      type: 'counting.counter-raised.v1',
      by: 'spec',
      reason: 'a test',
      lastError: `Error: heard is ${counter}`,
    });
    await expect(deliveries.discard(id, { by: 'spec', reason: 'again' })).rejects.toMatchObject({
      code: 'unknown_delivery',
    });
  });

  it('groups dead letters that failed alike, and retries or discards a group; who did it and why is kept', async () => {
    // Of two digits and of three.
    const { pool } = replica.runtime.database('counting');
    await pool.query(`SELECT setval(pg_get_serial_sequence('parked_message', 'id'), 98)`);
    const first = await deadLetter();
    counter = randomUUID();
    const second = await deadLetter();
    expect(second.cause).toBe(first.cause);
    const [group, ...others] = await deliveries.causes();
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      module: 'counting',
      cause: first.cause,
      error: `Error: heard is ${counter}`,
      frame: expect.stringMatching(/test\/support\/counting\.[jt]s:\d+/),
      count: 2,
      consumers: ['counting.heard'],
      types: ['counting.counter-raised.v1'],
    });
    expect(group!.oldestMs).toBeGreaterThan(group!.newestMs);
    expect(await deliveries.discardAll({ cause: 'another' }, { by: 'alice', reason: 'no such' })).toBe(0);
    expect(await deliveries.retryAll({ cause: first.cause!, type: 'no such' }, { by: 'alice', reason: 'no' })).toBe(0);
    expect(await deliveries.retryAll({ cause: first.cause! }, { by: 'alice', reason: 'mended' })).toBe(2);
    await eventually(async () => (await deliveries.causes())[0]?.count === 2, 'both having failed again');
    expect(
      await deliveries.discardAll({ consumer: 'counting.heard' }, { by: 'bob', reason: 'nobody needs them' }),
    ).toBe(2);
    expect(await deliveries.causes()).toEqual([]);
    const kept = (await listActions(replica.runtime, 3)).map(({ by, action, what, reason }) => [
      by,
      action,
      what,
      reason,
    ]);
    const gone = (id: string) => expect.stringContaining(`${id} (counting.counter-raised.v1 `);
    expect(kept).toEqual([
      ['bob', 'discard', gone(second.id), 'nobody needs them'],
      ['bob', 'discard', gone(first.id), 'nobody needs them'],
      ['alice', 'retry', `cause ${first.cause!}: 2`, 'mended'],
    ]);
  });

  it('goes on with what waited behind one that was taken away just before a crash', async () => {
    const { id } = await deadLetter();
    await raise();
    const [, behind] = await eventually(async () => (await mine()).length === 2 && (await mine()));
    expect(behind!.dueInMs).toBeNull();
    const { pool } = replica.runtime.database('counting');
    await pool.query('DELETE FROM parked_message WHERE id = $1', [id.split(':')[1]]);
    await releaseAll(pool);
    await eventually(async () => (await heard()).length === 1, 'what waited behind it');
    expect(await heard()).toEqual([2]);
  });

  it('does not take a message away under an outside call', async () => {
    const { id } = await deadLetter();
    const lease = `UPDATE parked_message SET leased_until = now() + $1 * interval '1 s' WHERE 'counting:' || id = $2`;
    await replica.sql('counting', lease, [60, id]);
    await expect(deliveries.discard(id, { by: 'spec', reason: 'too early' })).rejects.toMatchObject({
      code: 'being_handled',
    });
    await replica.sql('counting', lease, [-1, id]);
    await deliveries.discard(id, { by: 'spec', reason: 'at last' });
  });

  it.each(['counting:0', 'counting:99999999', 'nobody:1', 'counting', ':1', 'counting:1; DROP TABLE outbox', ''])(
    'knows no message %p',
    async (id) => {
      for (const task of [
        () => deliveries.show(id),
        () => deliveries.retry(id, { by: 'spec', reason: 'a test' }),
        () => deliveries.discard(id, { by: 'spec', reason: 'x' }),
      ])
        await expect(task()).rejects.toMatchObject({ code: 'unknown_delivery' });
    },
  );

  it('says how far each consumer is behind', async () => {
    await raise();
    await eventually(async () => (await heard()).length === 1);
    const lag = await eventually(async () => {
      const lags = await deliveries.lag();
      return lags.every(({ waiting }) => waiting === 0) && lags;
    }, 'everything being read');
    expect(lag).toContainEqual({ consumer: 'counting.heard', producer: 'counting', waiting: 0, oldestMs: null });
  });

  it('warns of the oldest message that is not delivered, of whom it is, and how to look at it', async () => {
    const { id } = await deadLetter();
    const house = (staleAfterMs: number) =>
      new Housekeeping(replica.runtime, { keepMs: 1e9, partitionRows: 1000, staleAfterMs, typeGraceMs: 1e9 }).alarm(
        'counting',
      );
    const alarms = () => warnings.filter(({ text }) => text === 'delivery is stale');
    await house(60_000);
    expect(alarms()).toEqual([]);
    await house(1);
    expect(alarms()).toEqual([
      expect.objectContaining({ module: 'counting', consumer: 'counting.heard', look: 'npm run deliveries -- list' }),
    ]);
    await deliveries.discard(id, { by: 'spec', reason: 'seen' });
  });

  it('tells of messages of a removed type that are no longer kept, and of no others', async () => {
    await replica.sql(
      'counting',
      `INSERT INTO shelved_message (consumer, type, parked, parked_at, shelved_at)
       SELECT 'counting.heard', concat('counting.', age, '.v1'), '{}', now(), now() - age::interval
         FROM unnest(ARRAY['8 days', '6 days']) age`,
    );
    const options = { keepMs: 7 * 86_400_000, partitionRows: 1000, staleAfterMs: 1e9, typeGraceMs: 1e9 };
    await new Housekeeping(replica.runtime, options).tendTypes(replica.runtime.database('counting'));
    expect(warnings.filter(({ text }) => text === 'messages of a removed type are no longer kept')).toEqual([
      expect.objectContaining({ module: 'counting', type: 'counting.8 days.v1', count: 1 }),
    ]);
    expect(await replica.sql('counting', 'DELETE FROM shelved_message RETURNING type')).toEqual([
      { type: 'counting.6 days.v1' },
    ]);
  });

  it('is not held up by many that fail', async () => {
    failures.set('hopeless', 1e9);
    const names = Array.from({ length: 40 }, (_, index) => `${counter}-${index}`);
    await Promise.all(names.map((name) => replica.execute(new RaiseCounter({ counter: name, mood: 'hopeless' }))));
    const dead = async () => (await deliveries.list(1000)).items.filter(({ state }) => state === 'dead').length;
    await eventually(async () => (await dead()) >= 40, 'every one being a dead letter', 5000);
    failures.clear();
    await deliveries.retryAll({}, { by: 'spec', reason: 'a test' });
    await eventually(async () => (await dead()) === 0, 'every one being delivered');
  });

  it('names consumers that are declared no more, and forgets them when nothing waits for them', async () => {
    await replica.sql(
      'counting',
      `INSERT INTO consumer_progress (consumer, producer) VALUES ('counting.gone', 'counting')`,
    );
    await replica.sql('counting', `INSERT INTO outbox_reader VALUES ('removed.module', 0)`);
    expect(await goneConsumers(replica.runtime)).toEqual([
      { consumer: 'removed.module', producers: ['counting'] },
      { consumer: 'counting.gone', producers: ['counting'] },
    ]);
    // A consumer of another repository is declared nowhere here; what it reports tells that it runs.
    await replica.sql('counting', `INSERT INTO message_holder (module, reported_at) VALUES ('removed', now())`);
    expect(await goneConsumers(replica.runtime)).toEqual([{ consumer: 'counting.gone', producers: ['counting'] }]);
    await expect(forgetConsumer(replica.runtime, 'removed.module')).rejects.toMatchObject({ code: 'still_reporting' });
    await replica.sql(
      'counting',
      `UPDATE message_holder SET reported_at = now() - interval '1 h' WHERE module = 'removed'`,
    );
    const [silent] = await goneConsumers(replica.runtime);
    expect(silent).toMatchObject({ consumer: 'removed.module', producers: ['counting'] });
    expect(silent!.silentMs).toBeGreaterThanOrEqual(3_600_000);
    await forgetConsumer(replica.runtime, 'counting.gone');
    await forgetConsumer(replica.runtime, 'removed.module');
    expect(await goneConsumers(replica.runtime)).toEqual([]);
    await expect(forgetConsumer(replica.runtime, 'counting.gone')).rejects.toMatchObject({ code: 'unknown_consumer' });
    await expect(forgetConsumer(replica.runtime, 'counting.heard')).rejects.toMatchObject({ code: 'still_declared' });
  });
});
