import { expect } from '@jest/globals';
import type { Ground } from './ground.js';
import { gather, planned } from './gather.js';
import type { Scenario } from './scenarios.js';
import { CUTS, KILLS, OTHERS } from './scenarios.js';
import { random } from './workload.js';

/** Another one each day; `npm run evidence` has many. */
export const SEED = Number(process.env['EVIDENCE_SEED'] ?? Math.floor(Date.now() / 86_400_000));
export const flawless = { lost: 0, doubled: 0, reordered: 0, unfounded: 0 };

/** How many scenarios of each kind a sample holds. */
export interface Sizes {
  kills: number;
  cuts: number;
  others: number;
}

/** Lets a sample of everything that can happen to a process happen: nothing is lost, doubled or reordered. */
export async function expectFlawless({ kills, cuts, others }: Sizes, make?: () => Promise<Ground>): Promise<void> {
  const scenarios = [...sample(KILLS, kills), ...sample(CUTS, cuts), ...OTHERS.slice(0, others)];
  const { results } = await gather(planned(scenarios, 1, SEED), {
    sideBySide: 3,
    say: () => undefined,
    ...(make && { make }),
  });
  expect(results.filter(({ verdict }) => JSON.stringify(verdict) !== JSON.stringify(flawless))).toEqual([]);
  expect(results.filter(({ struck }) => struck).length).toBeGreaterThan(scenarios.length / 2);
}

function sample(scenarios: readonly Scenario[], size: number): Scenario[] {
  const next = random(SEED);
  const ranked = scenarios.map((scenario) => ({ scenario, rank: next() })).sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, size).map(({ scenario }) => scenario);
}
