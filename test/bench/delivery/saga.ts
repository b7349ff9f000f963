import { arrivals } from '../arrivals.js';
import type { Bench, Row } from '../harness.js';
import { count, holds, inTurns, times } from '../harness.js';
import type { Travelling } from '../journey.js';
import { STEPS } from '../journey.js';
import { eventually } from '../../../src/platform/testing/index.js';
import { DbosJourneys } from './journeys-dbos.js';
import { GraphileJourneys } from './journeys-graphile.js';
import { OurJourneys } from './journeys-ours.js';
import { PRODUCERS } from './produce.js';

const JOURNEYS = 800;
/** Long enough for those who need longer. */
const FEWER = 200;
const WARM_UP = 100;

/** Processes of three steps, each begun in a business transaction, by sixteen starters. */
export async function sagas(bench: Bench): Promise<Row[]> {
  const { alone } = bench;
  const sides: Record<string, Travelling> = {
    ours: await OurJourneys.open(),
    ...(!alone && { graphile: await GraphileJourneys.open(), DBOS: await DbosJourneys.open() }),
  };
  try {
    for (const side of Object.values(sides)) await travelled(side, WARM_UP);
    const journeys = (name: string) => (name === 'ours' ? JOURNEYS : FEWER);
    const entries = Object.entries(sides).map(([name, side]) => [name, () => travelled(side, journeys(name))] as const);
    const series = await inTurns(bench, Object.fromEntries(entries));
    const ratios = [series.ratio('ours', 'graphile'), series.ratio('ours', 'DBOS')] as const;
    const rates = (name: string) => `${name} (${count(series.of(name))}/s)`;
    return [
      {
        benchmark: `process of three steps, ${PRODUCERS} starters`,
        target: '≥ 4 × a chain of graphile-worker jobs, ≥ 7 × DBOS',
        measured: `${count(series.of('ours'))}/s: ${times(ratios[0])} ${rates('graphile')}, ${times(ratios[1])} ${rates('DBOS')}`,
        reached: holds([ratios[0], '≥', 4], [ratios[1], '≥', 7]),
      },
    ];
  } finally {
    for (const side of Object.values(sides)) await side.close();
  }
}

/** @returns processes per second, from the first start to the last step of all */
async function travelled(side: Travelling, journeys: number): Promise<number> {
  const before = await side.visits();
  const all = arrivals.expect(journeys);
  const began = performance.now();
  const numbers = Array.from({ length: journeys }, (_, n) => n).values();
  const starter = async () => {
    for (const number of numbers) await side.start(`${began}-${number}`);
  };
  await Promise.all(Array.from({ length: PRODUCERS }, starter));
  await all;
  await eventually(async () => (await side.visits()) === before + journeys * STEPS, 'every step', 60_000);
  return journeys / ((performance.now() - began) / 1000);
}
