import { afterAll, describe, it } from '@jest/globals';
import { expectFlawless, SEED } from '../../support/evidence/sample.js';
import { killWorkers } from '../../support/evidence/worker-process.js';

afterAll(killWorkers);

describe(`what happens to a process, seed ${SEED}`, () => {
  it('loses, doubles and reorders nothing', async () => {
    await expectFlawless({ kills: 2, cuts: 1, others: 0 });
  }, 120_000);
});
