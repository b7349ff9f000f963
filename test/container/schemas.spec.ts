import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { databaseLeaks, entityDrifts, testDatabase } from '../../src/platform/testing/index.js';
import { AlphaModule, BetaModule } from './alpha-beta.js';
import { everyModule } from './every-module.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase([...everyModule(), AlphaModule, BetaModule]);
});
afterAll(() => database.drop());

const leaks = () => databaseLeaks(database.adminUrl, database.urls);
const roleOf = (module: string) => decodeURIComponent(new URL(database.urls.get(module)!).username);

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

it('the migrated schemas have nothing to do with each other', async () => {
  expect(await leaks()).toEqual([]);
});

it('the migrations of each module make the tables that its entities say', async () => {
  expect(await entityDrifts(everyModule(), database.urls)).toEqual([]);
});

/** What no role could do to another's things, but an administrator's migration can. */
const BY_AN_ADMINISTRATOR = `
  CREATE TABLE beta.referring (sku text REFERENCES alpha.item);
  CREATE VIEW beta.seeing AS SELECT sku FROM alpha.item;
  CREATE SEQUENCE alpha.numbers;
  CREATE TABLE beta.counting (n bigint DEFAULT nextval('alpha.numbers'));
  CREATE TYPE alpha.colour AS ENUM ('red');
  CREATE TABLE beta.typed (colour alpha.colour);
  CREATE TABLE beta.heir () INHERITS (alpha.item);
  CREATE FUNCTION alpha.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER noting AFTER INSERT ON beta.item EXECUTE FUNCTION alpha.noted();
  CREATE VIEW public.shared AS SELECT sku FROM alpha.item;
`;

/** What a role can do to its own things, so that others may. */
const BY_ITSELF = (other: string) => `
  GRANT SELECT ON alpha.item TO ${other};
  GRANT SELECT (name) ON alpha.item TO PUBLIC;
  CREATE FUNCTION alpha.asked() RETURNS int LANGUAGE sql AS 'SELECT 1';
  GRANT EXECUTE ON FUNCTION alpha.asked() TO ${other};
  SELECT lo_create(4711);
  GRANT SELECT ON LARGE OBJECT 4711 TO ${other};
  ALTER DEFAULT PRIVILEGES IN SCHEMA alpha GRANT SELECT ON TABLES TO ${other};
`;

describe('planted in two modules', () => {
  let found: string[];
  let other: string;

  beforeAll(async () => {
    other = roleOf('beta');
    await run(database.adminUrl, BY_AN_ADMINISTRATOR);
    await run(database.adminUrl, `GRANT USAGE ON SCHEMA alpha TO ${other}; GRANT ${roleOf('alpha')} TO ${other}`);
    await run(database.urls.get('alpha')!, BY_ITSELF(other));
    found = await leaks();
  });

  it.each([
    ['a foreign key', 'constraint referring_sku_fkey on table beta.referring', 'table alpha.item'],
    ['a view', 'rule _RETURN on view beta.seeing', 'table alpha.item'],
    ['a default', 'default value for column n of table beta.counting', 'sequence alpha.numbers'],
    ['a type', 'table beta.typed', 'type alpha.colour'],
    ['an inheritance', 'table beta.heir', 'table alpha.item'],
    ['a trigger', 'trigger noting on table beta.item', 'function alpha.noted()'],
  ])('%s across schemas is found', (_, object, on) => {
    expect(found).toContain(`${object} of beta depends on ${on} of alpha: keep a copy instead.`);
  });

  it('a view in a schema of nobody is found', () => {
    expect(found).toContain(
      'rule _RETURN on view shared of public depends on table alpha.item of alpha: keep a copy instead.',
    );
  });

  it.each([
    ['table alpha.item', false],
    ['column alpha.item.name', true],
    ['function alpha.asked()', false],
    ['large object 4711', false],
    ['default privileges alpha', false],
    ['schema alpha', false],
  ])('an open %s is found', (what, everybody) => {
    const grantee = everybody ? 'everybody' : other;
    expect(found).toContain(`${what} is open to ${grantee}: revoke it, and answer a query instead.`);
  });

  it('a membership is found', () => {
    expect(found).toContain(`${other} is a member of ${roleOf('alpha')}: revoke it, each module has its own role.`);
  });

  it('a table made by somebody else is found', () => {
    const administrator = new URL(database.adminUrl).username;
    expect(found).toContain(`beta.typed in beta belongs to ${administrator}: let a migration of beta make it.`);
  });
});
