import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isFlawless } from '../support/evidence/history.js';
import type { MovePlan } from '../support/evidence/moves/move-stage.js';
import { MoveStage } from '../support/evidence/moves/move-stage.js';
import { OwnServer } from '../support/evidence/server.js';
import { killWorkers } from '../support/evidence/worker-process.js';

/** A sample; the evidence has everybody who is killed in every step, and more seeds. */
const SAMPLE: MovePlan[] = [
  { module: 'making', ending: 'abort', first: 1, seed: 1 },
  { module: 'making', ending: 'finish', first: 0, seed: 200 },
];

describe('a module that moves there and back under load', () => {
  const servers: OwnServer[] = [];
  let stage: MoveStage;
  const former = process.env['TEST_DATABASE_URL'];
  beforeAll(async () => {
    for (const _ of [1, 2]) servers.push(await OwnServer.start());
    process.env['TEST_DATABASE_URL'] = servers[0]!.adminUrl;
    stage = await MoveStage.make(servers as [OwnServer, OwnServer]);
  }, 120_000);
  afterAll(async () => {
    process.env['TEST_DATABASE_URL'] = former;
    await killWorkers();
    for (const server of servers) await server.remove();
  }, 60_000);

  it.each(SAMPLE)(
    'loses, doubles and reorders nothing, whatever is killed on the way: $module, by $ending',
    async (plan) => {
      const { verdict, flaws, reports, strikes } = await stage.run(plan);
      expect(strikes.some(({ within }) => within)).toBe(true);
      expect(flaws).toEqual([]);
      expect(isFlawless(verdict)).toBe(true);
      expect(reports.filter((report) => !report.startsWith('Proven'))).toEqual([]);
    },
    600_000,
  );
});
