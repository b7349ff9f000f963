import { beforeAll, describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import pg from 'pg';
import { BoundedContext } from '../../src/platform/index.js';
import { following, Moving } from '../support/moving.js';
import { emptyDatabase, otherServer } from '../support/stage.js';

/** What modules may have in their tables, under names that have to be quoted. */
class Odd1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TYPE mood AS ENUM ('calm', 'it''s "odd"');
      CREATE TABLE "Parent Table" (
        id bigint GENERATED ALWAYS AS IDENTITY (START WITH 40 INCREMENT BY 3) PRIMARY KEY,
        above bigint REFERENCES "Parent Table", mood mood NOT NULL, "Twice" int GENERATED ALWAYS AS (length(note) * 2) STORED,
        note text NOT NULL, big bytea, numbers numeric[], at timestamptz, day interval, doc json, docb jsonb, ratio float8);
      CREATE TABLE a_child (parent bigint NOT NULL REFERENCES "Parent Table", n serial, PRIMARY KEY (parent, n));
      CREATE TABLE keyless (word text, n int);
      CREATE TABLE counted (what text PRIMARY KEY, n int NOT NULL);
      CREATE FUNCTION count_children() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO "odd-things".counted VALUES (tg_op, 1) ON CONFLICT (what) DO UPDATE SET n = counted.n + 1; RETURN NULL; END $$;
      CREATE TRIGGER counting AFTER INSERT ON a_child FOR EACH ROW EXECUTE FUNCTION count_children();
      INSERT INTO counted VALUES ('by the migration', 1)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE a_child, "Parent Table", keyless, counted; DROP TYPE mood; DROP FUNCTION count_children',
    );
  }
}

@BoundedContext({ name: 'odd-things', contracts: {}, providers: [], migrations: [Odd1790000000000] })
class OddThingsModule {}

const ROWS = `INSERT INTO "Parent Table" (above, mood, note, big, numbers, at, day, doc, docb, ratio)
    SELECT NULL, 'it''s "odd"', E'tab\\t, line\\n, back\\\\slash, NULL, \\\\N ' || n, decode(repeat(md5(n::text), 20000), 'hex'), '{NaN,1.10}', 'infinity', '1 mon -2 days', 'null', 'null', 0.1
      FROM generate_series(1, 20) n;
  INSERT INTO "Parent Table" (above, mood, note) SELECT id, 'calm', '' FROM "Parent Table";
  INSERT INTO a_child (parent) SELECT id FROM "Parent Table";
  INSERT INTO keyless SELECT 'same', 1 FROM generate_series(1, 3); UPDATE keyless SET n = 2 WHERE ctid = '(0,1)'`;

describe('a module that nobody has seen before', () => {
  let servers: readonly [string, string];
  beforeAll(async () => void (servers = [process.env['TEST_DATABASE_URL']!, await otherServer()]), 120_000);

  it.each(['logical', 'copy'] as const)(
    'moves there and back by %s, whatever its columns are, and numbers go on',
    async (method) => {
      const moving = await Moving.between(
        await emptyDatabase(),
        await emptyDatabase(servers[1]),
        method,
        OddThingsModule,
      );
      const { cutover, source, target, close } = await moving.open();
      const as = async (n: 0 | 1, text: string) => {
        const client = new pg.Client({ connectionString: moving.logins[n], options: '-c search_path=odd-things' });
        await client.connect();
        return await client.query(text).finally(() => void client.end());
      };
      await as(0, ROWS);
      expect((await cutover.plan()).problems).toEqual([]);
      await cutover.prepare();
      if (method === 'logical') await following(cutover);
      const digest = `SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM "odd-things"."Parent Table" t`;
      const before = await source.value<string>(digest);
      expect((await cutover.switch()).report).toMatch(/^Proven/);
      expect(await target.value<string>(digest)).toBe(before);
      expect(await target.value('SELECT n FROM "odd-things".counted WHERE what = $1', ['INSERT'])).toBe(40);
      const { rows } = await as(
        1,
        `INSERT INTO "Parent Table" (mood, note) VALUES ('calm', 'later') RETURNING id::int, "Twice"`,
      );
      expect(rows).toEqual([{ id: 160, Twice: 10 }]);
      await as(1, `UPDATE keyless SET n = 3 WHERE n = 2; INSERT INTO a_child (parent) VALUES (160)`);
      expect((await cutover.back()).report).toMatch(/^Proven/);
      expect(await source.value('SELECT n FROM "odd-things".counted WHERE what = $1', ['INSERT'])).toBe(41);
      expect(await source.value('SELECT count(*)::int FROM "odd-things".keyless WHERE n = 3')).toBe(1);
      await cutover.abort();
      await close();
    },
    120_000,
  );

  it('is refused by name where it has what cannot be carried', async () => {
    const refused = async (method: 'logical' | 'copy', ...statements: string[]) => {
      const moving = await Moving.between(
        await emptyDatabase(),
        await emptyDatabase(servers[1]),
        method,
        OddThingsModule,
      );
      const { cutover, source, close } = await moving.open();
      for (const statement of statements) await source.client.query(statement);
      const { problems } = await cutover.plan();
      await expect(cutover.prepare()).rejects.toThrow(problems[0]!);
      await close();
      return problems;
    };
    const schema = '"odd-things"';
    expect(
      await refused(
        'logical',
        `CREATE MATERIALIZED VIEW ${schema}.seen AS SELECT 1 AS n`,
        `CREATE UNLOGGED TABLE ${schema}.scratch (id int PRIMARY KEY)`,
        `CREATE TABLE ${schema}.papers (doc json)`,
        `ALTER TABLE ${schema}.a_child ENABLE ALWAYS TRIGGER counting`,
      ),
    ).toEqual([
      'odd-things.seen is a materialized view: its rows are not carried. Change it by a migration first.',
      'odd-things.scratch is unlogged: that cannot be replicated. Change it by a migration first.',
      'odd-things.a_child is a table with a trigger that replication sets off as well. Change it by a migration first.',
      'odd-things.papers is a table without a primary key and with a column of json, xml or points: rows that change cannot be found. Change it by a migration first.',
    ]);
    expect(
      await refused(
        'copy',
        `ALTER TABLE ${schema}.counted ADD COLUMN p bigint REFERENCES ${schema}."Parent Table"`,
        `ALTER TABLE ${schema}."Parent Table" ADD COLUMN c text REFERENCES ${schema}.counted`,
      ),
    ).toEqual([
      'The foreign keys of Parent Table, a_child, counted form a circle: a copy has no order for them. Use --method logical.',
    ]);
  }, 120_000);
});
