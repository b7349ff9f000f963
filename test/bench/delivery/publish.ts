import { arrivals } from '../arrivals.js';
import { Graphile } from '../graphile.js';
import type { Bench, Row, Series } from '../harness.js';
import { count, holds, inTurns, times } from '../harness.js';
import { Ours } from '../ours.js';
import { PgBoss } from '../pg-boss.js';
import type { Producing, Side } from '../side.js';
import { allThere } from '../side.js';
import { produce } from './produce.js';

const MESSAGES = 5000;
/** Long enough for those who need longer. */
const FEWER = 2000;
const WARM_UP = 1000;

/** Sixteen producers write while the same process handles what they say. */
export async function publishToHandled(bench: Bench): Promise<Row[]> {
  const { alone } = bench;
  const sides: Record<string, Side & Producing> = {
    ours: await Ours.open('batch'),
    ...(!alone && { graphile: await Graphile.open(), 'pg-boss': await PgBoss.open('batch') }),
  };
  const producers = await Ours.open();
  const entries = Object.entries(sides);
  const measures = entries.map(
    ([name, side]) => [name, () => handled(side, name === 'ours' ? MESSAGES : FEWER)] as const,
  );
  try {
    for (const [, side] of entries) await handled(side, WARM_UP);
    const unheard = () => alonePublished(producers);
    return [row(await inTurns(bench, { ...Object.fromEntries(measures), 'producers alone': unheard }))];
  } finally {
    for (const side of [...Object.values(sides), producers]) await side.close();
  }
}

/** @returns messages per second, from the first transaction to the last effect */
async function handled(side: Side & Producing, messages: number): Promise<number> {
  await side.clear();
  await side.prepare();
  await side.work();
  const all = arrivals.expect(messages);
  const began = performance.now();
  await produce(side, messages);
  await all;
  await allThere(side, messages);
  const seconds = (performance.now() - began) / 1000;
  await side.leave();
  return messages / seconds;
}

async function alonePublished(side: Ours): Promise<number> {
  await side.prepare();
  const rate = await produce(side, MESSAGES);
  await side.leave();
  return rate;
}

function row(series: Series): Row {
  const ratios = [series.ratio('ours', 'graphile'), series.ratio('ours', 'pg-boss')] as const;
  const own = series.ratio('ours', 'producers alone');
  const rivals = `${times(ratios[0])} graphile-worker (${count(series.of('graphile'))}/s), ${times(ratios[1])} pg-boss (${count(series.of('pg-boss'))}/s)`;
  return {
    benchmark: 'publish → handled, 16 producers and the consumer in one process',
    target: '≥ 4 × both; ≥ 0.9 of what the producers write with nobody listening',
    measured: `${count(series.of('ours'))}/s: ${rivals}; ${times(own)} of ${count(series.of('producers alone'))}/s`,
    reached: holds([ratios[0], '≥', 4], [ratios[1], '≥', 4], [own, '≥', 0.9]),
  };
}
