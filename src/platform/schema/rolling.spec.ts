import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDatabase, dropDatabase } from '../testing/database.js';
import { migrate, pending } from './migrate.js';
import { provision, withAdministrator } from './provision.js';

/** A column is renamed from `name` to `label` over three releases: see docs/guides/database-and-migrations.md. */
class Things1790000000000 implements MigrationInterface {
  up = async (runner: QueryRunner) => run(runner, 'CREATE TABLE thing (id integer PRIMARY KEY, name text NOT NULL)');
  down = refuse;
}
class Expand1790000000001 implements MigrationInterface {
  up = async (runner: QueryRunner) => run(runner, 'ALTER TABLE thing ADD COLUMN label text');
  down = refuse;
}
class Move1790000000002 implements MigrationInterface {
  up = async (runner: QueryRunner) => {
    await run(runner, 'UPDATE thing SET label = name WHERE label IS NULL');
    await run(runner, 'ALTER TABLE thing ALTER COLUMN label SET NOT NULL, ALTER COLUMN name DROP NOT NULL');
  };
  down = refuse;
}
class Contract1790000000003 implements MigrationInterface {
  up = async (runner: QueryRunner) => run(runner, 'ALTER TABLE thing DROP COLUMN name');
  down = refuse;
}

async function run(runner: QueryRunner, text: string): Promise<void> {
  await runner.query(text);
}
async function refuse(): Promise<void> {
  throw new Error('Nobody goes back by taking a migration back.');
}

/** A release: the migrations it knows, and how its code writes and reads. */
interface Release {
  migrations: (new () => MigrationInterface)[];
  write: string;
  read: string;
}
const NEW_ONLY = {
  write: 'INSERT INTO thing (id, label) VALUES ($1, $2)',
  read: 'SELECT id, label AS text FROM thing',
};
const RELEASES: readonly Release[] = [
  {
    migrations: [Things1790000000000],
    write: 'INSERT INTO thing (id, name) VALUES ($1, $2)',
    read: 'SELECT id, name AS text FROM thing',
  },
  {
    migrations: [Things1790000000000, Expand1790000000001],
    write: 'INSERT INTO thing (id, name, label) VALUES ($1, $2, $2)',
    read: 'SELECT id, coalesce(label, name) AS text FROM thing',
  },
  { migrations: [Things1790000000000, Expand1790000000001, Move1790000000002], ...NEW_ONLY },
  {
    migrations: [Things1790000000000, Expand1790000000001, Move1790000000002, Contract1790000000003],
    ...NEW_ONLY,
  },
];

let adminUrl: string;
let target: { module: string; url: string };
let pool: pg.Pool;
let written: string[];
beforeAll(async () => {
  adminUrl = await createDatabase();
  const url = new URL(adminUrl);
  url.username = `liftout_${url.pathname.slice(1)}_things`;
  url.password = 'secret';
  target = { module: 'things', url: url.href };
  await withAdministrator(adminUrl, (client) => provision(client, [target]));
  pool = new pg.Pool({ connectionString: url.href, options: '-c search_path=things' });
  written = [];
});
afterAll(async () => {
  await pool.end();
  await dropDatabase(adminUrl);
});

/** A release writes, and finds all that was ever written, by whichever release. */
async function works({ write, read }: Release): Promise<void> {
  const text = `thing ${written.length}`;
  await pool.query(write, [written.length, text]);
  written.push(text);
  const { rows } = await pool.query<{ text: string }>(`${read} ORDER BY id`);
  expect(rows.map((row) => row.text)).toEqual(written);
}

describe('a schema that changes over three releases', () => {
  it.each([1, 2, 3])(
    'bears the release before release %i, before, beside and after it, and loses nothing',
    async (n) => {
      const [before, release] = [RELEASES[n - 1]!, RELEASES[n]!];
      await migrate({ ...target, migrations: before.migrations });
      await works(before);
      expect(await pending({ ...target, migrations: release.migrations })).toHaveLength(1);

      expect(await migrate({ ...target, migrations: release.migrations })).toHaveLength(1);
      await works(before);
      await works(release);
      // Rolled back: it starts, as nothing that it knows is missing, and works on what the newer one has written.
      expect(await pending({ ...target, migrations: before.migrations })).toEqual([]);
      expect(await migrate({ ...target, migrations: before.migrations })).toEqual([]);
      await works(before);
      // Rolled forward again: nothing is left to be done.
      expect(await migrate({ ...target, migrations: release.migrations })).toEqual([]);
      await works(release);
    },
  );

  it('would not bear a contraction in the first release', async () => {
    expect(RELEASES[0]!.write).toContain('name');
    await expect(works(RELEASES[0]!)).rejects.toThrow('column "name" of relation "thing" does not exist');
  });
});
