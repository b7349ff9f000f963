import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import pg from 'pg';
import { heldBy } from '../../src/platform/delivery/maintenance/holders.js';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import type { Database } from '../../src/platform/transaction/database.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CountingModule, RaiseCounter } from '../support/counting.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const OPTIONS = { keepMs: 86_400_000, partitionRows: 100 };

describe('retention', () => {
  let data: TestDatabase;
  let replica: Replica;
  let database: Database;
  let pool: Pool;

  beforeAll(async () => {
    data = await testDatabase([CountingModule]);
    await smallPartitions(data.urls.get('counting')!);
    replica = await startReplica(data, [CountingModule], OPTIONS);
    database = replica.runtime.database('counting');
    pool = database.pool;
  });
  afterAll(async () => {
    await replica.stop();
    await data.drop();
  });

  const one = async <T>(text: string) =>
    (await pool.query({ text: `SELECT (${text})`, rowMode: 'array' })).rows[0]![0] as T;
  const count = (table: string) => one<number>(`SELECT count(*)::int FROM ${table}`);
  const partitions = () =>
    one<number[]>(`SELECT array_agg(substr(inhrelid::regclass::text, 8)::int ORDER BY 1)
                     FROM pg_inherits WHERE inhparent = 'outbox'::regclass`);
  const raise = (times: number, key?: string) =>
    Promise.all(Array.from({ length: times }, () => replica.execute(new RaiseCounter({ counter: 'c' }), key)));
  /** The application looks after its outbox as well, and only one does at a time. */
  const keep = () => eventually(keepOnce, 'nobody else looking after the outbox');
  const keepOnce = async () => keepOutbox(database, [database], OPTIONS, await heldBy([database]));
  const keepUntil = (look: () => Promise<boolean>, what: string) =>
    eventually(async () => (await keep(), look()), what);
  const allRead = async () => {
    await eventually(async () => {
      for (const loop of replica.runtime.loops) loop.review();
      return await one<boolean>(
        `SELECT coalesce(max(seq), 0) <= (SELECT min(position) FROM consumer_progress) FROM outbox`,
      );
    }, 'everything being read');
  };
  const age = (days: number) => pool.query(`UPDATE outbox SET created_at = created_at - $1 * interval '1 day'`, [days]);

  it('never refuses a row, also where no room was made, and then makes room ahead', async () => {
    await raise(315);
    expect(await partitions()).toHaveLength(2);
    await keepUntil(async () => (await partitions()).length === 4, 'room being made');
    expect((await partitions()).at(-1)! - (await one<number>('SELECT max(seq)::int FROM outbox'))).toBeGreaterThan(100);
    expect(await count('outbox')).toBe(315);
  });

  it('drops nothing that is young', async () => {
    await allRead();
    await keep();
    expect(await count('outbox')).toBe(315);
  });

  it('drops nothing that some known consumer has not read, however old', async () => {
    await age(2);
    await pool.query(`INSERT INTO outbox_reader VALUES ('away.for-years', 3)`);
    await keep();
    expect(await count('outbox')).toBe(315);
  });

  it('drops what is old and read by all; what comes afterwards is delivered as ever', async () => {
    await pool.query(`DELETE FROM outbox_reader WHERE consumer = 'away.for-years'`);
    await keepUntil(async () => (await count('outbox')) === 0, 'the old rows being dropped');
    const heard = await count('heard');
    await raise(3);
    await eventually(async () => (await count('heard')) === heard + 3, 'the new events being heard');
  });

  it('turns the page of a quiet module, so that few rows go as well', async () => {
    expect(await count('outbox')).toBe(3);
    await allRead();
    await age(2);
    await keepUntil(async () => (await count('outbox')) === 0, 'the few rows being dropped');
    const before = await partitions();
    await keep();
    expect(await partitions()).toEqual(before);
  });

  it('puts dropping off while a reader stays long, and holds up no writer meanwhile', async () => {
    await raise(1);
    await allRead();
    const reader = new pg.Client({ connectionString: data.urls.get('counting'), options: '-c search_path=counting' });
    await reader.connect();
    await reader.query('BEGIN; SELECT count(*) FROM outbox');
    await age(2);
    await keep();
    await Promise.all([keep(), ...Array.from({ length: 20 }, () => raise(1))]);
    expect(await count('outbox')).toBe(21);
    await reader.query('COMMIT');
    await reader.end();
    await allRead();
    await age(2);
    await keepUntil(async () => (await count('outbox')) === 0, 'the old rows being dropped');
  });

  it('loses nothing while pages are turned and dropped under load', async () => {
    const heard = await count('heard');
    let running = true;
    const writing = Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < 50; n++) await raise(1);
      }),
    ).finally(() => (running = false));
    while (running) {
      await pool.query(`UPDATE outbox SET created_at = created_at - interval '2 days' WHERE seq % 3 = 0`);
      await keep();
    }
    await writing;
    await eventually(async () => (await count('heard')) === heard + 200, 'everything being heard');
  });

  it('forgets old outcomes of commands, unless a parked message could repeat them', async () => {
    await raise(1, 'key');
    await pool.query(`UPDATE command_outcome SET created_at = now() - interval '2 days'`);
    await pool.query(`INSERT INTO parked_message (consumer, producer, seq, message_id, key, message, due_at, parked_at)
                      VALUES ('counting.old', 'counting', 1, gen_random_uuid(), 'k', '{}', 'infinity', now() - interval '3 days')`);
    await keep();
    expect(await count('command_outcome')).toBe(1);
    await pool.query('DELETE FROM parked_message');
    await keepUntil(async () => (await count('command_outcome')) === 0, 'the outcome being forgotten');
  });
});

/** Partitions of a hundred rows, and no room beyond the first. */
async function smallPartitions(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=counting' });
  await client.connect();
  await client.query(`
    DROP TABLE outbox_1, outbox_250001, outbox_500001;
    CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (1) TO (101);
    CREATE TABLE outbox_101 PARTITION OF outbox FOR VALUES FROM (101) TO (MAXVALUE)`);
  await client.end();
}
