import { randomBytes } from 'node:crypto';
import type { Type } from '@nestjs/common';
import pg from 'pg';
import { contextOptions } from '../bounded-context.js';
import { migrate } from '../schema/migrate.js';
import { provision, withAdministrator } from '../schema/provision.js';
import { moduleUrl } from '../connection/urls.js';

/** A database of its own on the tests' PostgreSQL, with a role and a migrated schema for each module. */
export interface TestDatabase {
  adminUrl: string;
  urls: ReadonlyMap<string, string>;
  drop(): Promise<void>;
}

/** The server that the test run started: see `test/support/global-setup.js`. */
function serverUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (!url) throw new Error('There is no test database: run the tests with "npm test".');
  return url;
}

/** Makes an empty database, on another server than that of the tests if one is named. @returns its administrator's URL */
export async function createDatabase(server = serverUrl()): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(`CREATE DATABASE ${name}`, server);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Drops a database and the roles that belong to it. @param server another database of the same server */
export async function dropDatabase(adminUrl: string, server = serverUrl()): Promise<void> {
  const name = new URL(adminUrl).pathname.slice(1);
  await asAdministrator(`DROP DATABASE ${name} WITH (FORCE)`, server);
  const roles = await asAdministrator(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'liftout\\_${name.replace('_', '\\_')}\\_%'`,
    server,
  );
  for (const { rolname } of roles) await asAdministrator(`DROP ROLE "${rolname}"`, server);
}

/** @param server of an administrator; by default that of the tests */
export async function testDatabase(modules: readonly Type[], server = serverUrl()): Promise<TestDatabase> {
  const adminUrl = await createDatabase(server);
  const contexts = modules.map((module) => contextOptions(module)!);
  const urls = new Map(contexts.map(({ name }) => [name, moduleUrl(adminUrl, name)]));
  const logins = [...urls].map(([module, url]) => ({ module, url }));
  const drop = () => dropDatabase(adminUrl, server);
  try {
    await withAdministrator(adminUrl, (client) => provision(client, logins));
    await Promise.all(
      contexts.map(({ name, migrations = [] }) => migrate({ module: name, url: urls.get(name)!, migrations })),
    );
  } catch (error) {
    await drop();
    throw error;
  }
  return { adminUrl, urls, drop };
}

async function asAdministrator(sql: string, server = serverUrl()) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
