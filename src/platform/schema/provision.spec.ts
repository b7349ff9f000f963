import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { migrate } from './migrate.js';
import { provision, withAdministrator } from './provision.js';
import { databaseOf, moduleUrl } from '../connection/urls.js';

const MODULES = ['catalog', 'inventory'];

let adminUrl: string;

beforeEach(async () => {
  adminUrl = await createDatabase();
});
afterEach(() => dropDatabase(adminUrl));

const loginsOf = (url: string) => MODULES.map((module) => ({ module, url: moduleUrl(url, module) }));
const roleOf = (module: string) => new URL(moduleUrl(adminUrl, module)).username;
const provisionAs = (url: string) => withAdministrator(url, (client) => provision(client, loginsOf(url)));

async function migrateAll(url: string): Promise<void> {
  for (const login of loginsOf(url)) await migrate({ ...login, migrations: [] });
}

async function sql(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function expectSeparated(url: string): Promise<void> {
  const [catalog, inventory] = loginsOf(url).map((login) => login.url);
  const denied = { code: '42501' };
  await sql(catalog!, 'CREATE TABLE catalog.mine (); SELECT FROM catalog.outbox');
  await sql(catalog!, `GRANT ALL ON SCHEMA catalog TO ${new URL(inventory!).username}`);
  await expect(sql(inventory!, 'SELECT FROM catalog.outbox')).rejects.toMatchObject(denied);
  await expect(sql(inventory!, 'CREATE TABLE public.mine ()')).rejects.toMatchObject(denied);
  await expect(sql(inventory!, 'CREATE TEMP TABLE mine ()')).rejects.toMatchObject(denied);
  await expect(sql(inventory!, 'CREATE SCHEMA mine')).rejects.toMatchObject(denied);
  await expect(sql(inventory!, `SET ROLE ${new URL(catalog!).username}`)).rejects.toMatchObject(denied);
  await sql(catalog!, 'DROP TABLE catalog.mine');
}

it('separates the modules, and changes nothing when it is done again', async () => {
  for (const _ of [1, 2]) {
    await provisionAs(adminUrl);
    await migrateAll(adminUrl);
    await expectSeparated(adminUrl);
  }
});

it('takes over schemas that belong to the roles, with what is in them', async () => {
  await provisionAs(adminUrl);
  for (const module of MODULES) await sql(adminUrl, `ALTER SCHEMA ${module} OWNER TO ${roleOf(module)}`);
  await migrateAll(adminUrl);
  await provisionAs(adminUrl);
  await expectSeparated(adminUrl);
});

it('ends memberships among the roles', async () => {
  await provisionAs(adminUrl);
  await migrateAll(adminUrl);
  await sql(adminUrl, `GRANT ${roleOf('catalog')} TO ${roleOf('inventory')}`);
  await sql(moduleUrl(adminUrl, 'inventory'), `SET ROLE ${roleOf('catalog')}`);
  await provisionAs(adminUrl);
  await expectSeparated(adminUrl);
});

it('takes back powers that a role has been given', async () => {
  await provisionAs(adminUrl);
  await sql(
    adminUrl,
    `ALTER ROLE ${roleOf('catalog')} SUPERUSER CREATEDB; ALTER ROLE ${roleOf('inventory')} CREATEROLE`,
  );
  await provisionAs(adminUrl);
  await migrateAll(adminUrl);
  await expectSeparated(adminUrl);
});

it('leaves a role fenced, also one that is fenced while it is at work', async () => {
  await provisionAs(adminUrl);
  const fence = `ALTER ROLE ${roleOf('catalog')} NOLOGIN`;
  const fenced = await withAdministrator(adminUrl, async (client) => {
    const query = client.query.bind(client) as (text: unknown, values?: unknown) => Promise<pg.QueryResult>;
    // Between what it reads of the roles and what it changes of them.
    const changing = async (text: unknown, values?: unknown) => {
      if (String(text).startsWith('REVOKE CREATE')) await sql(adminUrl, fence);
      return await query(text, values);
    };
    return await provision(Object.assign(client, { query: changing }), loginsOf(adminUrl));
  });
  expect(fenced).toEqual([]);
  await expect(sql(moduleUrl(adminUrl, 'catalog'), 'SELECT')).rejects.toMatchObject({ code: '28000' });
  expect(await provisionAs(adminUrl)).toEqual(['catalog']);
});

describe('an administrator who is no superuser', () => {
  let url: string;

  beforeEach(async () => {
    const name = `owner_of_${databaseOf(adminUrl)}`;
    await sql(
      adminUrl,
      `CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD 'secret'; ALTER DATABASE ${databaseOf(adminUrl)} OWNER TO ${name}`,
    );
    const owner = new URL(adminUrl);
    owner.username = name;
    owner.password = 'secret';
    url = owner.href;
  });
  afterEach(async () => {
    const name = new URL(url).username;
    await sql(
      adminUrl,
      `ALTER DATABASE ${databaseOf(adminUrl)} OWNER TO CURRENT_USER; REASSIGN OWNED BY ${name} TO CURRENT_USER`,
    );
    for (const module of MODULES) await sql(adminUrl, `DROP OWNED BY ${roleOf(module)}; DROP ROLE ${roleOf(module)}`);
    await sql(adminUrl, `DROP OWNED BY ${name}; DROP ROLE ${name}`);
  });

  it('can do it, more than once', async () => {
    for (const _ of [1, 2]) {
      await provisionAs(url);
      await migrateAll(url);
      await expectSeparated(url);
    }
  });
});
