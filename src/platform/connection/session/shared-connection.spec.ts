import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SharedConnection } from './shared-connection.js';

const BACKEND = 'SELECT pg_backend_pid() AS pid, $1::int AS number';

describe('a shared connection', () => {
  let pool: pg.Pool;
  let shared: SharedConnection;
  beforeAll(() => {
    pool = new pg.Pool({
      connectionString: process.env['TEST_DATABASE_URL']!,
      max: 3,
      pipeline: true,
    });
    pool.on('connect', (client) => client.on('error', () => undefined));
    shared = new SharedConnection(() => pool);
  });
  afterAll(() => pool.end());

  it('carries statements that come at once, and goes back to the pool', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((number) => shared.query(BACKEND, [number])));
    expect(answers.map(({ rows }) => rows[0]!['number'])).toEqual([1, 2, 3, 4]);
    expect(new Set(answers.map(({ rows }) => rows[0]!['pid'])).size).toBe(1);
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
  });

  it('lets the others be when one fails', async () => {
    const [failed, answered] = await Promise.allSettled([
      shared.query('SELECT 1 / $1::int', [0]),
      shared.query(BACKEND, [7]),
    ]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'division by zero' } });
    expect(answered).toMatchObject({ status: 'fulfilled', value: { rows: [{ number: 7 }] } });
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  it('takes another one after it was lost', async () => {
    const lost = shared.query('SELECT pg_terminate_backend(pg_backend_pid(), $1)', [0]);
    await expect(lost).rejects.toThrow(/terminat/);
    expect((await shared.query(BACKEND, [1])).rows).toMatchObject([{ number: 1 }]);
  });

  it('says why there is none', async () => {
    const nobody = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
    await expect(new SharedConnection(() => nobody).query(BACKEND, [1])).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await nobody.end();
  });
});
