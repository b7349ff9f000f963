import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { modules } from '../../src/modules.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { databaseLeaks, testDatabase } from '../../src/platform/testing/index.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(modules);
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

it('the schemas of the migrated shop have nothing to do with each other', async () => {
  expect(database.urls.size).toBe(modules.length);
  expect(await leaks()).toEqual([]);
});

/** What no role could do to another's things, but an administrator's migration can. */
const BY_AN_ADMINISTRATOR = `
  CREATE TABLE inventory.referring (sku text REFERENCES catalog.product);
  CREATE VIEW inventory.seeing AS SELECT sku FROM catalog.product;
  CREATE SEQUENCE catalog.numbers;
  CREATE TABLE inventory.counting (n bigint DEFAULT nextval('catalog.numbers'));
  CREATE TYPE catalog.colour AS ENUM ('red');
  CREATE TABLE inventory.typed (colour catalog.colour);
  CREATE TABLE inventory.heir () INHERITS (catalog.product);
  CREATE FUNCTION catalog.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER noting AFTER INSERT ON inventory.stock EXECUTE FUNCTION catalog.noted();
  CREATE VIEW public.shared AS SELECT sku FROM catalog.product;
`;

/** What a role can do to its own things, so that others may. */
const BY_ITSELF = (other: string) => `
  GRANT SELECT ON catalog.product TO ${other};
  GRANT SELECT (name) ON catalog.product TO PUBLIC;
  CREATE FUNCTION catalog.asked() RETURNS int LANGUAGE sql AS 'SELECT 1';
  GRANT EXECUTE ON FUNCTION catalog.asked() TO ${other};
  SELECT lo_create(4711);
  GRANT SELECT ON LARGE OBJECT 4711 TO ${other};
  ALTER DEFAULT PRIVILEGES IN SCHEMA catalog GRANT SELECT ON TABLES TO ${other};
`;

describe('planted in the shop', () => {
  let found: string[];
  let other: string;

  beforeAll(async () => {
    other = roleOf('inventory');
    await run(database.adminUrl, BY_AN_ADMINISTRATOR);
    await run(database.adminUrl, `GRANT USAGE ON SCHEMA catalog TO ${other}; GRANT ${roleOf('catalog')} TO ${other}`);
    await run(database.urls.get('catalog')!, BY_ITSELF(other));
    found = await leaks();
  });

  it.each([
    ['a foreign key', 'constraint referring_sku_fkey on table inventory.referring', 'table catalog.product'],
    ['a view', 'rule _RETURN on view inventory.seeing', 'table catalog.product'],
    ['a default', 'default value for column n of table inventory.counting', 'sequence catalog.numbers'],
    ['a type', 'table inventory.typed', 'type catalog.colour'],
    ['an inheritance', 'table inventory.heir', 'table catalog.product'],
    ['a trigger', 'trigger noting on table inventory.stock', 'function catalog.noted()'],
  ])('%s across schemas is found', (_, object, on) => {
    expect(found).toContain(`${object} of inventory depends on ${on} of catalog: keep a copy instead.`);
  });

  it('a view in a schema of nobody is found', () => {
    expect(found).toContain(
      'rule _RETURN on view shared of public depends on table catalog.product of catalog: keep a copy instead.',
    );
  });

  it.each([
    ['table catalog.product', false],
    ['column catalog.product.name', true],
    ['function catalog.asked()', false],
    ['large object 4711', false],
    ['default privileges catalog', false],
    ['schema catalog', false],
  ])('an open %s is found', (what, everybody) => {
    const grantee = everybody ? 'everybody' : other;
    expect(found).toContain(`${what} is open to ${grantee}: revoke it, and answer a query instead.`);
  });

  it('a membership is found', () => {
    expect(found).toContain(`${other} is a member of ${roleOf('catalog')}: revoke it, each module has its own role.`);
  });

  it('a table made by somebody else is found', () => {
    const administrator = new URL(database.adminUrl).username;
    expect(found).toContain(
      `inventory.typed in inventory belongs to ${administrator}: let a migration of inventory make it.`,
    );
  });
});
