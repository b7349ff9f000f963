import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../../src/platform/testing/eventually.js';
import type { Replica } from '../../support/replica.js';
import { startReplica } from '../../support/replica.js';
import { Ground } from '../../support/evidence/ground.js';
import { MakingModule } from '../../support/evidence/making.js';
import { TakingModule } from '../../support/evidence/taking.js';

let ground: Ground;
let replica: Replica;

beforeAll(async () => {
  ground = await Ground.make();
  replica = await startReplica(ground.database, [MakingModule, TakingModule]);
});
afterAll(async () => {
  await replica.stop();
  await ground.drop();
});

it('survives the loss of a connection that was handed out and is not in use', async () => {
  const { pool } = replica.runtime.database('making');
  const client = await pool.connect();
  const ended = new Promise((resolve) => client.once('end', () => resolve('ended')));
  await ground.endSessions();
  expect(await ended).toBe('ended');
  client.release(true);
  await eventually(async () => (await pool.query('SELECT')).rows, 'a connection being had again');
});
