import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { arrivals } from '../arrivals.js';
import type { Bench, Row, Series } from '../harness.js';
import { count, inTurns, times } from '../harness.js';
import { Ours } from '../ours.js';
import { crowd } from '../tally.js';
import { postings } from './produce.js';

const CONSUMERS = [1, 10, 50];
const REPLICAS = [1, 2, 4];
/** What the replicas share; each is one row of progress, which one replica works on at a time. */
const SHARED = 8;
const FEW = 2000;
/** Of each message there are as many effects as consumers. */
const SHARED_MESSAGES = 6000;
const MANY = 10_000;
const PROCESS = fileURLToPath(new URL('../replica-process.js', import.meta.url));

/** How the rate changes with the number of consumers in one process, and of replicas. */
export async function scale(bench: Bench): Promise<Row[]> {
  return [await withConsumers(bench), await withReplicas(bench)];
}

async function withConsumers(bench: Bench): Promise<Row> {
  const sides = await Promise.all(CONSUMERS.map((n) => Ours.with([crowd(n)])));
  try {
    const names = CONSUMERS.map((n) => (n === 1 ? '1 consumer' : `${n} consumers`));
    const entries = CONSUMERS.map((n, at) => [names[at]!, () => handled(sides[at]!, n)] as const);
    return row(
      'effects a second, all consumers of one feed in one process',
      await inTurns(bench, Object.fromEntries(entries)),
      names,
    );
  } finally {
    for (const side of sides) await side.close();
  }
}

async function handled(side: Ours, consumers: number): Promise<number> {
  const messages = consumers === 1 ? MANY : FEW;
  await side.clear();
  await side.fill(postings(messages));
  await side.prepare();
  const all = arrivals.expect(messages * consumers);
  const began = performance.now();
  await side.work();
  await all;
  const seconds = (performance.now() - began) / 1000;
  await side.leave();
  return (messages * consumers) / seconds;
}

async function withReplicas(bench: Bench): Promise<Row> {
  const side = await Ours.with([crowd(SHARED)]);
  const processes = Array.from({ length: Math.max(...REPLICAS) }, () =>
    fork(PROCESS, [JSON.stringify({ url: side.database.adminUrl, consumers: SHARED })]),
  );
  try {
    const names = REPLICAS.map((n) => (n === 1 ? '1 replica' : `${n} replicas`));
    const entries = REPLICAS.map((n, at) => [names[at]!, () => shared(side, processes.slice(0, n))] as const);
    return row(
      `effects a second, ${SHARED} consumers shared by replicas`,
      await inTurns(bench, Object.fromEntries(entries)),
      names,
    );
  } finally {
    await tell(processes, 'close').catch(() => undefined);
    for (const process of processes) process.kill('SIGKILL');
    await side.close();
  }
}

async function shared(side: Ours, replicas: readonly ChildProcess[]): Promise<number> {
  await side.clear();
  await side.fill(postings(SHARED_MESSAGES));
  await tell(replicas, 'prepare');
  const began = performance.now();
  await tell(replicas, 'work');
  while ((await side.effects()) < SHARED_MESSAGES * SHARED) await delay(5);
  const seconds = (performance.now() - began) / 1000;
  await tell(replicas, 'leave');
  return (SHARED_MESSAGES * SHARED) / seconds;
}

async function tell(replicas: readonly ChildProcess[], order: string): Promise<void> {
  const done = replicas.map((replica) => once(replica, order === 'close' ? 'exit' : 'message'));
  for (const replica of replicas) replica.send(order);
  await Promise.all(done);
}

function row(benchmark: string, series: Series, names: readonly string[]): Row {
  const first = names[0]!;
  const figure = (name: string) => `${name} ${count(series.of(name))}/s`;
  const more = (name: string) => `${figure(name)} (${times(series.ratio(name, first))})`;
  return { benchmark, target: '–', measured: [figure(first), ...names.slice(1).map(more)].join(', ') };
}
