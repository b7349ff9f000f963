import { afterAll, describe, expect, it } from '@jest/globals';
import type { Contest } from '../../support/evidence/contest.js';
import { contest } from '../../support/evidence/contest.js';
import { gather, planned } from '../../support/evidence/gather.js';
import { Ground } from '../../support/evidence/ground.js';
import { RunStage } from '../../support/evidence/runs.js';
import type { Scenario } from '../../support/evidence/scenarios.js';
import { CUTS, KILLS, OTHERS } from '../../support/evidence/scenarios.js';
import { killWorkers } from '../../support/evidence/worker-process.js';
import { random } from '../../support/evidence/workload.js';

/** `npm run evidence` lets everything happen, many times; here is a sample of it, another one each day. */
const SEED = Number(process.env['EVIDENCE_SEED'] ?? Math.floor(Date.now() / 86_400_000));
const flawless = { lost: 0, doubled: 0, reordered: 0, unfounded: 0 };

afterAll(killWorkers);

function sample(scenarios: readonly Scenario[], size: number): Scenario[] {
  const next = random(SEED);
  const ranked = scenarios.map((scenario) => ({ scenario, rank: next() })).sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, size).map(({ scenario }) => scenario);
}

describe(`what happens to a process, seed ${SEED}`, () => {
  it('loses, doubles and reorders nothing', async () => {
    const scenarios = [...sample(KILLS, 6), ...sample(CUTS, 4), ...OTHERS.slice(0, 3)];
    const { results } = await gather(planned(scenarios, 1, SEED), { sideBySide: 3, say: () => undefined });
    expect(results.filter(({ verdict }) => JSON.stringify(verdict) !== JSON.stringify(flawless))).toEqual([]);
    expect(results.filter(({ struck }) => struck).length).toBeGreaterThan(scenarios.length / 2);
  }, 240_000);
});

describe(`sixteen writers with long transactions, seed ${SEED}`, () => {
  let ended: Contest;

  it('are heard without loss, repetition or disorder by consumers whose process is killed meanwhile', async () => {
    const ground = await Ground.make();
    const stage = new RunStage(ground, 'w');
    ended = await contest(stage, { seed: SEED, each: 60, kills: 2 });
    await stage.close();
    await ground.drop();
    expect(ended.tokens.length).toBeGreaterThan(500);
    expect(ended.ours).toEqual(flawless);
  }, 120_000);

  it('are not heard in full by the naive readers: the test bites', () => {
    for (const verdict of ended.naive.values()) expect(verdict.lost).toBeGreaterThan(0);
  });
});
