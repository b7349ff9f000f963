import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isFlawless } from '../support/evidence/history.js';
import type { MovePlan } from '../support/evidence/moves/move-stage.js';
import { MoveStage } from '../support/evidence/moves/move-stage.js';
import { OwnServer } from '../support/evidence/server.js';
import { killWorkers } from '../support/evidence/worker-process.js';

/** A sample; the evidence has every step, everybody who is killed in it, and more seeds. */
const SAMPLE: MovePlan[] = [
  { step: 'switch', victim: 'tool', module: 'making', seed: 1 },
  { step: 'back', victim: 'target', module: 'taking', seed: 200 },
  { step: 'finish', victim: 'application', module: 'making', seed: 300 },
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

  it.each(SAMPLE)('loses, doubles and reorders nothing when the $victim is killed in $step', async (plan) => {
    const { verdict, flaws, reports } = await stage.run(plan);
    expect(flaws).toEqual([]);
    expect(isFlawless(verdict)).toBe(true);
    expect(reports.filter((report) => !report.startsWith('Proven'))).toEqual([]);
  }, 400_000);
});
