import type { Attributes, BatchObservableResult, Meter, ObservableGauge } from '@opentelemetry/api';
import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Waiting } from '../delivery/maintenance/lag.js';
import { waitingIn } from '../delivery/maintenance/lag.js';
import { overdueHandlers } from '../messaging/context/time-limit.js';
import type { Database } from '../transaction/database.js';
import { heldMsOf } from '../connection/servers.js';
import type { Runtime } from '../runtime/runtime.js';
import { listSchedules } from '../schedules/schedule-store.js';
import { delayedFigures } from '../transaction/delayed.js';
import type { CutoverFigures } from './cutover-figures.js';
import { cutoverFigures } from './cutover-figures.js';

/** However many look, the databases are asked no more often: milliseconds. */
const FRESH_MS = 5000;

const SAGAS = `
  SELECT saga, status AS state, count(*)::int AS count,
         max(extract(epoch FROM now() - started_at))::float8 AS "oldestS",
         max(extract(epoch FROM now() - updated_at))::float8 AS "quietS",
         (count(*) FILTER (WHERE timeout_name IS NOT NULL AND timeout_at IS NULL) + coalesce(sum(dead), 0))::int AS "deadTimeouts",
         greatest(0, max(extract(epoch FROM now() - least(timeout_at, next)))::float8) AS "overdueS"
    FROM saga LEFT JOIN (
           SELECT saga, id, count(*) FILTER (WHERE due_at IS NULL) AS dead, min(due_at) AS next
             FROM named_timeout JOIN saga USING (saga, id) WHERE ended_at IS NULL GROUP BY saga, id) named USING (saga, id)
   WHERE status <> 'done' GROUP BY saga, status`;

interface SagaFigures {
  saga: string;
  state: string;
  count: number;
  oldestS: number;
  quietS: number;
  deadTimeouts: number;
  overdueS: number;
}

/** One value of one gauge. */
type Told = (name: keyof typeof GAUGES, value: number, labels: Attributes) => void;

const GAUGES = {
  liftout_delivery_backlog: 'Messages that a consumer has not read yet; counted up to 10000',
  liftout_delivery_oldest_seconds: 'Age of the oldest undelivered message, dead letters excluded',
  liftout_delivery_parked: 'Messages waiting for a retry or blocked behind one',
  liftout_dead_letters: 'Messages that were given up and wait for a person',
  liftout_sagas: 'Sagas that are not done',
  liftout_saga_oldest_seconds: 'Time since the oldest saga of this state began',
  liftout_saga_quiet_seconds: 'Longest time since a saga of this state has changed',
  liftout_saga_dead_timeouts: 'Timeouts of sagas that were given up and wait for a person',
  liftout_saga_timeout_overdue_seconds: 'How long ago the oldest timeout passed that nobody has handled',
  liftout_schedule_overdue_seconds: 'How long ago a schedule was due that nobody has run',
  liftout_delayed_commands: 'Commands that are stored to be sent later',
  liftout_delayed_overdue_seconds: 'How long ago the oldest of these was due that nobody has sent',
  liftout_pool_connections: 'Connections of a module to its database',
  liftout_cutover_step: 'Modules whose data is being moved to another database, by how far it is',
  liftout_cutover_lag_bytes:
    'What a replication slot of a cut-over keeps of the log of its server, since it was not carried yet',
  liftout_held_seconds: 'How long the last wait was for a server of a list to take writes, or is so far',
  liftout_overdue_handlers: 'Handlers that were given up at their limit and still run',
  liftout_event_loop_delay_seconds: 'How late timers are, since the last look',
};

/**
 * Observes what is asked for when somebody looks at the numbers: delivery, sagas, connections, the event loop. While a
 * database does not answer, its numbers are absent.
 */
export function observe(meter: Meter, runtime: Runtime): () => void {
  const gauges = new Map(
    Object.entries(GAUGES).map(([name, description]) => [name, meter.createObservableGauge(name, { description })]),
  );
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  const delivered = cached(() => overDatabases(runtime, ({ module }) => waitingIn(runtime, module)));
  const sagas = cached(() => overDatabases(runtime, async ({ pool }) => (await pool.query<SagaFigures>(SAGAS)).rows));
  const due = cached(() => overDatabases(runtime, (database) => dueFigures(database, runtime)));
  const cutovers = cached(() => overDatabases(runtime, cutoverFigures));
  const look = async (result: BatchObservableResult) => {
    const tell: Told = (name, value, labels) => result.observe(gauges.get(name)!, value, labels);
    tellPools(runtime, tell);
    tellLoop(loop, tell);
    tellDelivery(await delivered(), runtime, tell);
    tellSagas(await sagas(), runtime, tell);
    for (const [name, value, labels] of await due()) tell(name, value, labels);
    tellCutovers(await cutovers(), tell);
  };
  const all: ObservableGauge[] = [...gauges.values()];
  meter.addBatchObservableCallback(look, all);
  return () => {
    meter.removeBatchObservableCallback(look, all);
    loop.disable();
  };
}

function tellDelivery(waiting: readonly Waiting[], { consumers }: Runtime, tell: Told): void {
  for (const { consumer, producer, state, count } of waiting)
    if (state === 'unread' && !Number.isNaN(count)) tell('liftout_delivery_backlog', count, { consumer, producer });
  for (const { name: consumer } of consumers) {
    const own = waiting.filter((each) => each.consumer === consumer);
    const count = (wanted: Waiting['state']) =>
      own.filter(({ state }) => state === wanted).reduce((sum, each) => sum + each.count, 0);
    const alive = own.filter(({ state }) => state !== 'dead').map(({ oldestMs }) => oldestMs);
    tell('liftout_delivery_oldest_seconds', Math.max(0, ...alive) / 1000, { consumer });
    tell('liftout_delivery_parked', count('waiting'), { consumer });
    tell('liftout_dead_letters', count('dead'), { consumer });
  }
}

function tellSagas(figures: readonly SagaFigures[], runtime: Runtime, tell: Told): void {
  for (const { runner } of runtime.sagas) {
    for (const state of ['running', 'compensating']) {
      const labels = { saga: runner.saga.name, state };
      const found = figures.find((each) => each.saga === labels.saga && each.state === state);
      tell('liftout_sagas', found?.count ?? 0, labels);
      tell('liftout_saga_oldest_seconds', found?.oldestS ?? 0, labels);
      tell('liftout_saga_quiet_seconds', found?.quietS ?? 0, labels);
      tell('liftout_saga_dead_timeouts', found?.deadTimeouts ?? 0, labels);
      tell('liftout_saga_timeout_overdue_seconds', found?.overdueS ?? 0, labels);
    }
  }
}

/** Schedules that no version here knows do not run, and are not late. */
async function dueFigures({ module, pool }: Database, { schedules }: Runtime): Promise<Parameters<Told>[]> {
  const names = schedules.filter((each) => each.module === module).map(({ name }) => name);
  const late = (await listSchedules(pool)).filter(({ name }) => names.includes(name));
  const { count, overdueS } = await delayedFigures(pool);
  return [
    ...late.map(({ name: schedule, overdueS: lateS }): Parameters<Told> => [
      'liftout_schedule_overdue_seconds',
      lateS,
      { module, schedule },
    ]),
    ['liftout_delayed_commands', count, { module }],
    ['liftout_delayed_overdue_seconds', overdueS, { module }],
  ];
}

function tellCutovers(figures: readonly CutoverFigures[], tell: Told): void {
  for (const { step, slots } of figures) {
    if (step) tell('liftout_cutover_step', 1, { ...step });
    for (const { lagBytes, ...labels } of slots) tell('liftout_cutover_lag_bytes', lagBytes, labels);
  }
}

function tellPools({ databases }: Runtime, tell: Told): void {
  for (const { module, pool } of databases) {
    const heldMs = heldMsOf(pool.options.connectionString);
    if (heldMs !== undefined) tell('liftout_held_seconds', heldMs / 1000, { module });
    const { totalCount, idleCount, waitingCount } = pool;
    tell('liftout_pool_connections', totalCount - idleCount, { module, state: 'used' });
    tell('liftout_pool_connections', idleCount, { module, state: 'idle' });
    tell('liftout_pool_connections', waitingCount, { module, state: 'awaited' });
    tell('liftout_overdue_handlers', overdueHandlers(module), { module });
  }
}

function tellLoop(loop: IntervalHistogram, tell: Told): void {
  for (const percentile of [50, 99, 100]) {
    const delay = loop.percentile(percentile) / 1e9;
    tell('liftout_event_loop_delay_seconds', Number.isFinite(delay) ? delay : 0, {
      percentile: String(percentile),
    });
  }
  loop.reset();
}

async function overDatabases<T>({ databases, log }: Runtime, ask: (database: Database) => Promise<T[]>): Promise<T[]> {
  const without = (database: Database) => (err: unknown) => {
    log.warn({ err, module: database.module }, 'cannot read the numbers of a module');
    return [];
  };
  const answers = await Promise.all(databases.map((database) => ask(database).catch(without(database))));
  return answers.flat();
}

function cached<T>(load: () => Promise<T>): () => Promise<T> {
  let known: { at: number; value: Promise<T> } | undefined;
  return () => {
    if (!known || known.at < Date.now() - FRESH_MS) known = { at: Date.now(), value: load() };
    return known.value;
  };
}
