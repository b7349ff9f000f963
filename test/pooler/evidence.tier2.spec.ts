import { afterAll, it } from '@jest/globals';
import { needs } from '../support/needs.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { Ground } from '../support/evidence/ground.js';
import { expectFlawless, SEED } from '../support/evidence/sample.js';
import { killWorkers } from '../support/evidence/worker-process.js';

const describe = needs('pgbouncer');
afterAll(killWorkers);

/** Fewer sessions than each pool has connections. */
const pooled = async (logins: ReadonlyMap<string, string>) => {
  const pooler = await PgBouncer.before([...logins.values()], { default_pool_size: 4 });
  return new Map([...logins].map(([module, url]) => [module, pooler.through(url)]));
};

describe(`what happens to a process behind PgBouncer, seed ${SEED}, in a sample`, () => {
  it('loses, doubles and reorders nothing', async () => {
    await expectFlawless({ kills: 2, cuts: 0, others: 6 }, () => Ground.make(pooled));
  }, 240_000);
});
