import { afterAll, describe, expect, it } from '@jest/globals';
import type { Contest } from '../../support/evidence/contest.js';
import { contest } from '../../support/evidence/contest.js';
import { Ground } from '../../support/evidence/ground.js';
import { RunStage } from '../../support/evidence/runs.js';
import { flawless, SEED } from '../../support/evidence/sample.js';
import { killWorkers } from '../../support/evidence/worker-process.js';

afterAll(killWorkers);

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
