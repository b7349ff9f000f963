import { Graphile } from '../graphile.js';
import type { Bench, Row, Series } from '../harness.js';
import { count, holds, inTurns, times } from '../harness.js';
import { Ours } from '../ours.js';
import { PgBoss } from '../pg-boss.js';
import type { Side } from '../side.js';
import { drain } from '../side.js';
import { postings } from './produce.js';

const MESSAGES = 12_000;
/** What every side is given before it is timed. */
const WARM_UP = 2000;

/** A backlog is worked off, one row of effect for each message: by batches, and one handler call a message. */
export async function drainBacklog(bench: Bench): Promise<Row[]> {
  const sides = await open(bench);
  const measure = (side: Side, messages: number) => drain(side, postings(messages));
  try {
    for (const side of Object.values(sides)) await measure(side, WARM_UP);
    const entries = Object.entries(sides).map(([name, side]) => [name, () => measure(side, MESSAGES)] as const);
    return rows(await inTurns(bench, Object.fromEntries(entries)));
  } finally {
    for (const side of Object.values(sides)) await side.close();
  }
}

async function open({ alone, wants }: Bench): Promise<Record<string, Side>> {
  const [batch, each] = [wants('drain'), wants('per-message')];
  return {
    ...(batch && { batch: await Ours.open('batch') }),
    ...(each && { awaited: await Ours.open('awaited'), pipelined: await Ours.open('pipelined') }),
    ...(!alone && { graphile: await Graphile.open() }),
    ...(!alone && batch && { 'pg-boss': await PgBoss.open('batch') }),
    ...(!alone && each && { 'pg-boss each': await PgBoss.open('each') }),
  };
}

function rows(series: Series): Row[] {
  return [
    row(series, 'drain a backlog, the handler takes the batch', 'batch', 'pg-boss', [10, 5]),
    row(series, 'drain a backlog, one awaited handler call a message', 'awaited', 'pg-boss each', [2.5, 2.5]),
    row(series, 'drain a backlog, one pipelined handler call a message', 'pipelined', 'pg-boss each', [4, 4]),
  ].filter((each) => each !== undefined);
}

function row(series: Series, benchmark: string, ours: string, boss: string, bounds: [number, number]): Row | undefined {
  if (!series.has(ours)) return undefined;
  const ratios = [series.ratio(ours, 'graphile'), series.ratio(ours, boss)] as const;
  const against = `${times(ratios[0])} graphile-worker (${count(series.of('graphile'))}/s), ${times(ratios[1])} pg-boss (${count(series.of(boss))}/s)`;
  return {
    benchmark,
    target: `≥ ${bounds[0]} × graphile-worker, ≥ ${bounds[1]} × pg-boss`,
    measured: `${count(series.of(ours))}/s: ${against}`,
    reached: holds([ratios[0], '≥', bounds[0]], [ratios[1], '≥', bounds[1]]),
  };
}
