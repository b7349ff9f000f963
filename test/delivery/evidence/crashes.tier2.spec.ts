import { afterAll, describe, it } from '@jest/globals';
import { expectFlawless, SEED } from '../../support/evidence/sample.js';
import { killWorkers } from '../../support/evidence/worker-process.js';

afterAll(killWorkers);

describe(`what happens to a process, seed ${SEED}, in a larger sample`, () => {
  it('loses, doubles and reorders nothing', async () => {
    await expectFlawless({ kills: 6, cuts: 4, others: 3 });
  }, 240_000);
});
