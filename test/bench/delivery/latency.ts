import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { arrivals } from '../arrivals.js';
import { Graphile } from '../graphile.js';
import type { Bench, Row } from '../harness.js';
import { holds, inTurns, quantile, Series, times } from '../harness.js';
import { Ours } from '../ours.js';
import { PgBoss } from '../pg-boss.js';
import type { Producing, Side } from '../side.js';
import { allThere } from '../side.js';
import { PER_SECOND, sharedNow, steadily } from './produce.js';

const MESSAGES = 450;
/** The first few open connections. */
const WARM_UP = 50;
const PROCESS = fileURLToPath(new URL('../producer-process.js', import.meta.url));

type Peer = Side & Producing;
/** Writes the transactions. @returns when each was begun */
type Writing = (side: Peer) => Promise<number[]>;

/** How long it takes from the beginning of a business transaction to the handler's effect, while there is little to do. */
export async function latency(bench: Bench): Promise<Row[]> {
  const { alone } = bench;
  const sides: Record<string, Peer> = {
    ours: await Ours.open('batch'),
    ...(!alone && { graphile: await Graphile.open(), 'pg-boss': await PgBoss.open('batch') }),
  };
  try {
    return [
      await row(bench, sides, (side) => steadily(side, MESSAGES), 'producer and consumer in one process', 0.4),
      await row(bench, sides, fromAnotherProcess, 'producer and consumer in two processes', 1.1),
    ];
  } finally {
    for (const side of Object.values(sides)) await side.close();
  }
}

async function row(
  bench: Bench,
  sides: Record<string, Peer>,
  write: Writing,
  where: string,
  bound: number,
): Promise<Row> {
  const tails = new Map<string, number[]>(Object.keys(sides).map((name) => [name, []]));
  const measure = async (name: string) => {
    const taken = await latencies(sides[name]!, write);
    tails.get(name)!.push(quantile(taken, 0.99));
    return quantile(taken, 0.5);
  };
  const entries = Object.keys(sides).map((name) => [name, () => measure(name)] as const);
  const halves = await inTurns(bench, Object.fromEntries(entries));
  const tail = new Series(tails);
  const of = (name: string) => `${name} ${halves.of(name).toFixed(1)} / ${tail.of(name).toFixed(1)} ms`;
  const ratios = [halves.ratio('ours', 'graphile'), tail.ratio('ours', 'graphile')] as const;
  return {
    benchmark: `latency p50 / p99 at ${PER_SECOND} events/s, ${where}`,
    target: `p50 ≤ ${bound} ×, p99 ≤ 0.6 × graphile-worker`,
    measured: `${times(ratios[0])} and ${times(ratios[1])}: ${Object.keys(sides).map(of).join(', ')}`,
    reached: holds([ratios[0], '≤', bound], [ratios[1], '≤', 0.6]),
  };
}

async function latencies(side: Peer, write: Writing): Promise<number[]> {
  await side.clear();
  await side.prepare();
  await side.work();
  const came: number[] = [];
  const all = arrivals.expect(MESSAGES);
  arrivals.listener = (number) => (came[number] = sharedNow());
  const begun = await write(side);
  await all;
  arrivals.listener = undefined;
  await allThere(side, MESSAGES);
  await side.leave();
  return begun.map((at, number) => came[number]! - at).slice(WARM_UP);
}

async function fromAnotherProcess(side: Peer): Promise<number[]> {
  const child = fork(PROCESS, [JSON.stringify({ ...side.address, transactions: MESSAGES })]);
  await once(child, 'message');
  const answer = once(child, 'message');
  const ended = once(child, 'exit');
  child.send('go');
  const [begun] = (await answer) as [number[]];
  await ended;
  return begun;
}
