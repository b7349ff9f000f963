import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { testDatabase } from '../../src/platform/testing/index.js';
import { AlphaModule, BetaModule } from './alpha-beta.js';
import { everyModule } from './every-module.js';
import type { Intrusion, Side } from './intrusions.js';
import { ALONE, INTRUSIONS, PLANT, TABLE_INTRUSIONS } from './intrusions.js';

type Session = Side & { readonly client: pg.Client; readonly tables: readonly string[] };

let database: TestDatabase;
let administrator: pg.Client;
let sessions: Session[];

beforeAll(async () => {
  database = await testDatabase([...everyModule(), AlphaModule, BetaModule]);
  administrator = await connect(database.adminUrl);
  sessions = await Promise.all([...database.urls].map(([schema, url]) => openSession(schema, url)));
});

afterAll(async () => {
  await Promise.all([administrator, ...sessions.map((session) => session.client)].map((client) => client.end()));
  await database.drop();
});

async function connect(url: string, searchPath = 'public'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${searchPath}` });
  await client.connect();
  return client;
}

async function openSession(schema: string, url: string): Promise<Session> {
  const client = await connect(url, schema);
  await client.query(PLANT);
  const { rows } = await client.query(
    `SELECT current_user AS role, pg_backend_pid() AS pid, lo_from_bytea(0, 'secret')::int AS blob,
            array(SELECT tablename::text FROM pg_tables WHERE schemaname = $1) AS tables`,
    [schema],
  );
  return { schema, client, ...rows[0] };
}

/** Does it in a transaction that leaves nothing behind. @returns the SQLSTATE of the refusal, or "done" */
async function attempt(client: pg.Client, sql: string): Promise<string> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    return 'done';
  } catch (error) {
    return (error as pg.DatabaseError).code ?? (error as Error).message;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Every module breaks into one, and is broken into by one. */
const pairs = () => sessions.map((me, index) => ({ me, on: sessions[(index + 1) % sessions.length]! }));

/** Everything that one module's role may do to another's: asked of the catalog, so that it stays quick with many modules. */
const RIGHTS = `
  WITH side AS (SELECT * FROM unnest($1::text[], $2::text[]) AS side (schema, role))
  SELECT me.role, item.what
    FROM side me JOIN side other ON me.role <> other.role,
         LATERAL (
           SELECT 'schema ' || other.schema WHERE has_schema_privilege(me.role, other.schema, 'USAGE, CREATE')
           UNION ALL SELECT 'role ' || other.role WHERE pg_has_role(me.role, other.role, 'MEMBER')
           UNION ALL SELECT 'table ' || c.oid::regclass FROM pg_class c
             WHERE relnamespace = other.schema::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
               AND has_table_privilege(me.role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
           UNION ALL SELECT 'sequence ' || c.oid::regclass FROM pg_class c
             WHERE relnamespace = other.schema::regnamespace AND relkind = 'S'
               AND has_sequence_privilege(me.role, c.oid, 'USAGE, SELECT, UPDATE')
         ) AS item (what)`;

describe('the role of a module', () => {
  it.each(INTRUSIONS)('cannot intrude: $what', async ({ sql, refused = '42501' }: Intrusion) => {
    const answers = new Set<string>();
    for (const { me, on } of pairs()) answers.add(await attempt(me.client, sql(on, me)));
    expect([...answers]).toEqual([refused]);
  });

  it.each(ALONE)('cannot intrude: %s', async (sql) => {
    for (const { client } of sessions) await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it("cannot touch any table of another, the platform's among them", async () => {
    const done: string[] = [];
    for (const { me, on } of pairs())
      for (const table of on.tables)
        for (const intrude of TABLE_INTRUSIONS) {
          const sql = intrude(`${on.schema}.${table}`);
          if ((await attempt(me.client, sql)) !== '42501') done.push(`${me.schema}: ${sql}`);
        }
    expect(done).toEqual([]);
    for (const { tables } of sessions) expect(tables).toEqual(expect.arrayContaining(['outbox', 'saga', 'planted']));
  });

  it('has no right to anything of any other', async () => {
    const sides = [sessions.map(({ schema }) => schema), sessions.map(({ role }) => role)];
    expect((await administrator.query(RIGHTS, sides)).rows).toEqual([]);
    const [me, on] = sessions;
    await administrator.query(`BEGIN; GRANT SELECT ON ${on!.schema}.planted TO ${me!.role}`);
    expect((await administrator.query(RIGHTS, sides)).rows).toEqual([
      { role: me!.role, what: `table ${on!.schema}.planted` },
    ]);
    await administrator.query('ROLLBACK');
  });
});

describe('a module that wants to', () => {
  const OPEN = (schema: string, role: string) => `
    GRANT ALL ON SCHEMA ${schema} TO ${role};
    GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role};
    GRANT ALL ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`;

  it('cannot open its schema for another either', async () => {
    for (const { me, on } of pairs()) {
      await me.client.query(OPEN(me.schema, on.role));
      expect(await attempt(on.client, `SELECT * FROM ${me.schema}.planted`)).toBe('42501');
      expect(await attempt(on.client, `SELECT ${me.schema}.planted_definer()`)).toBe('42501');
    }
  });

  it('cannot log in as another', async () => {
    for (const { me, on } of pairs()) {
      const url = new URL(database.urls.get(me.schema)!);
      url.username = on.role;
      await expect(connect(url.href)).rejects.toMatchObject({ code: '28P01' });
    }
  });

  it('cannot see what another is doing', async () => {
    for (const { me, on } of pairs()) {
      await on.client.query(`SELECT 'secret'`);
      const { rows } = await me.client.query('SELECT query FROM pg_stat_activity WHERE pid = $1', [on.pid]);
      expect(rows).toEqual([{ query: '<insufficient privilege>' }]);
    }
  });
});

describe('what no role can keep apart, and the boundary gate therefore reads in the text', () => {
  it.each([
    ['notifications', `NOTIFY alpha_moved`],
    ['channels', `LISTEN alpha_moved`],
    ['advisory locks', `SELECT pg_advisory_xact_lock(hashtextextended('alpha.item', 0))`],
  ])('%s', async (_, sql) => {
    for (const { me } of pairs()) expect(await attempt(me.client, sql)).toBe('done');
  });
});

describe('so that these refusals mean something', () => {
  it.each(INTRUSIONS.filter(({ allowed }) => allowed === 'own'))('a module may, to its own: $what', async ({ sql }) => {
    for (const me of sessions) expect(await attempt(me.client, sql(me, me))).toBe('done');
  });

  it.each(INTRUSIONS.filter(({ allowed }) => allowed === 'administrator'))(
    'an administrator may: $what',
    async ({ sql }) => {
      const [me, on] = sessions;
      expect(await attempt(administrator, sql(on!, me!))).toBe('done');
    },
  );
});
