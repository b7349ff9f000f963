import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Conflict } from '../../src/platform/index.js';
import { Deliveries } from '../../src/platform/operations/deliveries.js';
import { Sagas } from '../../src/platform/operations/sagas.js';
import { DEFAULT_RETRY } from '../../src/platform/delivery/consumer/consumer.js';
import type { StoredMessage } from '../../src/platform/transaction/message.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';
import { PlanTrip, received, RoomRated, scripts, SeatPriced, travel } from '../support/travel.js';

const LONG = 3_600_000;
const broken = () => {
  throw new Error('the system of the hotel is down');
};

const stepOf = (state: unknown) => (state as { step: string }).step;

describe('a saga', () => {
  let data: TestDatabase;
  let replica: Replica;
  let tripId: string;
  let n = 0;

  beforeAll(async () => {
    data = await testDatabase(travel);
    replica = await startReplica(data, travel);
  });
  afterAll(async () => {
    await replica.stop();
    await data.drop();
  });
  beforeEach(() => {
    scripts.clear();
    tripId = `trip-${++n}`;
  });

  const plan = (patienceMs = LONG, more = {}) => replica.execute(new PlanTrip({ tripId, patienceMs, ...more }));
  const saga = async (id = tripId) => (await new Sagas(replica.runtime).show(id))[0]!;
  const until = (look: (found: Awaited<ReturnType<typeof saga>>) => boolean, what: string) =>
    eventually(async () => {
      const found = await saga();
      return look(found) && found;
    }, what);
  const mine = () =>
    received.filter((line) => line.endsWith(` ${tripId}`)).map((line) => line.split(' ')[0]!.slice(0, -3));
  /** The command of this trip that was put aside, with one attempt left. */
  const exhaust = async (module: string) => {
    const text = `UPDATE parked_message SET attempts = ${DEFAULT_RETRY.attempts - 1}, due_at = now() WHERE message->>'aggregateid' = $1 AND state = 'waiting'`;
    await eventually(
      async () => (await replica.runtime.database(module).pool.query(text, [tripId])).rowCount === 1,
      'a failure',
    );
  };

  it('takes one step after the other, and says what it waits for', async () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    scripts.set('flight.book-seat.v1', () => opened);
    await plan();
    const waiting = await until(({ state }) => stepOf(state) === 'seat', 'the seat being booked').finally(open);
    expect(waiting.waitsFor[0]).toBe('flight.book-seat.v1');
    expect(waiting.waitsFor[1]).toMatch(/^timeout patience at 20/);
    expect(waiting.stuck).toBe(false);
    const done = await until(({ status }) => status === 'done', 'the end');
    expect(done.waitsFor).toEqual([]);
    expect(mine()).toEqual(['hotel.book-room', 'flight.book-seat']);
    expect(done.timeline.map(({ heard, sent }) => [heard, sent])).toEqual([
      ['travel.trip-planned.v1', ['hotel.book-room.v1']],
      ['hotel.book-room.v1.reply: ok', ['flight.book-seat.v1']],
      ['flight.book-seat.v1.reply: ok', undefined],
    ]);
  });

  it('takes the messages of one instance one at a time, whichever producers and replicas they come through', async () => {
    const second = await startReplica(data, travel);
    await plan();
    await until(() => true, 'the beginning');
    const events = Array.from({ length: 40 }, () => [
      replica.publish(new RoomRated({ tripId })),
      second.publish(new SeatPriced({ tripId })),
    ]);
    await Promise.all(events.flat());
    await until(({ state }) => (state as { heard: number }).heard >= 80, 'everything being heard');
    await second.stop();
    const { state, timeline } = await until(({ status }) => status === 'done', 'the end');
    expect(state).toMatchObject({ heard: 80, step: 'booked' });
    expect(timeline).toHaveLength(83);
    expect(mine()).toEqual(['hotel.book-room', 'flight.book-seat']);
  });

  it('undoes what it had done when a step is refused', async () => {
    scripts.set('flight.book-seat.v1', () => {
      throw new Conflict('full', 'No seat is left.', {});
    });
    await plan();
    const { steps, state } = await until(({ status }) => status === 'done', 'the end');
    expect(state).toMatchObject({ step: 'failed' });
    expect(mine()).toEqual(['hotel.book-room', 'flight.book-seat', 'hotel.cancel-room']);
    expect(steps.at(-1)).toEqual({ command: 'hotel.cancel-room.v1', outcome: 'ok', undo: true });
  });

  it('wakes up after a restart, and bears the answer that comes after the timeout', async () => {
    scripts.set('hotel.book-room.v1', broken);
    await plan(300);
    await eventually(() => mine().length > 0, 'the first attempt');
    await replica.stop();
    replica = await startReplica(data, travel);
    const late = await until(({ state }) => stepOf(state) === 'late', 'the timeout');
    expect(late.status).toBe('compensating');
    scripts.clear();
    const { steps, state, timeline } = await until(({ status }) => status === 'done', 'the end');
    expect(stepOf(state)).toBe('late');
    expect(steps.map(({ command, outcome }) => [command, outcome])).toEqual([
      ['hotel.book-room.v1', 'undone'],
      ['hotel.cancel-room.v1', 'ok'],
    ]);
    expect(timeline.map(({ heard }) => heard)).toEqual([
      'travel.trip-planned.v1',
      'timeout patience',
      'hotel.book-room.v1.reply: ok',
      'hotel.cancel-room.v1.reply: ok',
    ]);
    expect(mine().slice(-2)).toEqual(['hotel.book-room', 'hotel.cancel-room']);
  });

  it('finds all timeouts that passed during a long stop, each once', async () => {
    scripts.set('hotel.book-room.v1', broken);
    const ids = Array.from({ length: 60 }, (_, index) => `${tripId}-${index}`);
    await Promise.all(ids.map((id) => replica.execute(new PlanTrip({ tripId: id, patienceMs: LONG }))));
    const count = async (text: string) => (await replica.sql<{ n: number }>('travel', text, [`${tripId}-%`]))[0]!.n;
    const at = (step: string) =>
      count(`SELECT count(*)::int AS n FROM saga WHERE id LIKE $1 AND state->>'step' = '${step}'`);
    await eventually(async () => (await at('room')) === 60, 'all trips having begun');
    await replica.stop();
    const client = new pg.Client({ connectionString: data.urls.get('travel'), options: '-c search_path=travel' });
    await client.connect();
    await client.query(`UPDATE saga SET timeout_at = now() - interval '3 days' WHERE status = 'running'`);
    await client.end();
    const replicas = await Promise.all([startReplica(data, travel), startReplica(data, travel)]);
    replica = replicas[0];
    await eventually(async () => (await at('late')) === 60, 'every timeout');
    await replicas[1].stop();
    const cancelled = `SELECT count(*)::int AS n FROM outbox WHERE type = 'hotel.cancel-room.v1' AND aggregateid LIKE $1`;
    expect(await count(cancelled)).toBe(60);
  });

  it('is not held up by the timeout of another instance that cannot be handled', async () => {
    scripts.set('hotel.book-room.v1', broken);
    await plan(1, { broken: true });
    const stubborn = tripId;
    await until(({ timeline }) => timeline.some(({ error }) => error === 'Error: cannot decide'), 'the failure');
    tripId = `${tripId}-other`;
    await plan(1);
    await until(({ state }) => stepOf(state) === 'late', 'the timeout of the other');
    const { state, timeout } = await saga(stubborn);
    expect(stepOf(state)).toBe('room');
    expect(timeout).toMatchObject({ name: 'patience' });
  });

  it('ends the same when a reply comes twice', async () => {
    await plan();
    const { steps, state } = await until(({ status }) => status === 'done', 'the end');
    const rows = await replica.sql<StoredMessage>('hotel', 'SELECT * FROM outbox WHERE aggregateid = $1', [tripId]);
    const unit = new UnitOfWork('hotel', replica.runtime.database('hotel').dataSource);
    for (const row of [...rows, ...rows]) unit.append({ ...row, json: JSON.stringify(row.payload) });
    await unit.commit();
    replica.runtime.watches.get('hotel')!.committed();
    const after = await until(({ timeline }) => timeline.length === 5, 'the repeated replies');
    expect(after).toMatchObject({ steps, state, status: 'done' });
    expect(mine()).toEqual(['hotel.book-room', 'flight.book-seat']);
  });

  it('is told when a step is given up, undoes it, and shows the dead letter as what it waits for', async () => {
    scripts.set('hotel.book-room.v1', broken);
    await plan();
    await exhaust('hotel');
    const stuck = await until(({ status }) => status === 'compensating', 'the news that the step was given up');
    expect(stepOf(stuck.state)).toBe('failed');
    const [letter] = (await new Deliveries(replica.runtime).list(100)).items.filter(
      ({ key }) => key === `travel/${tripId}`,
    );
    expect(letter).toMatchObject({
      state: 'dead',
      type: 'hotel.book-room.v1',
      lastError: expect.stringContaining('is down'),
    });
    await until(
      ({ waitsFor }) => waitsFor[0]!.startsWith('hotel.cancel-room.v1: failed 0 times'),
      'the undoing waiting its turn',
    );
    expect((await saga()).stuck).toBe(true);
    scripts.clear();
    await new Deliveries(replica.runtime).discard(letter!.id, { by: 'spec', reason: 'the hotel has closed' });
    const done = await until(({ status }) => status === 'done', 'the end');
    expect(done.timeline.map(({ heard }) => heard)).toContain('hotel.book-room.v1.reply: given up');
  });

  it('is told when a step is discarded by hand before it was given up', async () => {
    scripts.set('hotel.book-room.v1', broken);
    await plan();
    const deliveries = new Deliveries(replica.runtime);
    const [waiting] = await eventually(async () => {
      const items = (await deliveries.list(200)).items.filter(({ key }) => key === `travel/${tripId}`);
      return items.length === 1 && items;
    }, 'the failure');
    expect(waiting).toMatchObject({ state: 'waiting', attempts: 1 });
    await deliveries.discard(waiting!.id, { by: 'spec', reason: 'no such hotel' });
    const { state, timeline } = await until(({ status }) => status === 'done', 'the end');
    expect(stepOf(state)).toBe('failed');
    expect(timeline[1]!.heard).toBe('hotel.book-room.v1.reply: given up');
    expect(mine().at(-1)).toBe('hotel.cancel-room');
  });

  it('stays visible while a compensation fails, and is done when it was tried again', async () => {
    scripts.set('flight.book-seat.v1', () => {
      throw new Conflict('full', 'No seat is left.', {});
    });
    scripts.set('hotel.cancel-room.v1', broken);
    await plan();
    await until(
      ({ waitsFor }) => /^hotel\.cancel-room\.v1: failed 1 times, waits as hotel:\d+$/.test(waitsFor[0]!),
      'the failure',
    );
    await exhaust('hotel');
    await until(({ steps }) => steps.at(-1)!.outcome === 'given_up', 'the compensation being given up');
    const listed = await new Sagas(replica.runtime).list(500);
    const entry = listed.find(({ id }) => id === tripId)!;
    expect(entry).toMatchObject({ status: 'compensating', stuck: true });
    expect(entry.waitsFor[0]).toMatch(/^hotel\.cancel-room\.v1: dead letter hotel:\d+$/);
    expect(listed.findIndex(({ stuck }) => !stuck)).toBeGreaterThan(listed.indexOf(entry));
    scripts.clear();
    await new Deliveries(replica.runtime).retry(entry.waitsFor[0]!.split(' ').at(-1)!, {
      by: 'spec',
      reason: 'a test',
    });
    await until(({ status }) => status === 'done', 'the end');
    expect((await new Sagas(replica.runtime).list(500)).map(({ id }) => id)).not.toContain(tripId);
  });
});
