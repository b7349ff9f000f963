import type { Type } from '@nestjs/common';
import type { ClientBase } from 'pg';
import type { Config } from './config.js';
import { contextOptions } from './platform/bounded-context.js';
import type { Logger } from './platform/observability/logging.js';
import { migrate, pending, type ModuleMigrations } from './platform/persistence/migrate.js';
import { provision, withAdministrator } from './platform/persistence/provision.js';
import { moduleUrl } from './platform/persistence/urls.js';

const OLDEST = 13;

/** Where each module's data is, and how to let go of it. */
export interface PreparedDatabase {
  urls: ReadonlyMap<string, string>;
  release(): Promise<void>;
}

/** A database that cannot be used as it is. The message says what to do. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
}

/**
 * Makes the database ready for the modules. In development: starts or joins the embedded one unless there is a
 * `DATABASE_URL`, provisions and migrates. In production: checks only, since the process has no administrator's rights.
 *
 * @throws DatabaseUnusable when it cannot be reached, is too old or is not migrated
 */
export async function prepareDatabase(
  config: Config,
  modules: readonly Type[],
  log: Logger,
): Promise<PreparedDatabase> {
  if (config.production) return checkProduction(config, modules);
  const embedded = config.databaseUrl ? undefined : await embeddedOf(config, log);
  const release = async () => embedded?.leave();
  try {
    const adminUrl = embedded?.adminUrl ?? config.adminUrl!;
    const urls = moduleUrls(config, modules, embedded?.adminUrl ?? config.databaseUrl!);
    await provisionAndMigrate(adminUrl, urls, modules, log);
    return { urls, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Loaded only where there is no other database. */
async function embeddedOf({ dataDir }: Config, log: Logger) {
  const { joinEmbedded } = await import('./platform/persistence/embedded.js');
  return await joinEmbedded(dataDir, { log: (line) => log.info(line) });
}

/** The login of each module: as configured, else derived from the database's URL. */
export function moduleUrls(config: Config, modules: readonly Type[], base: string): Map<string, string> {
  const names = modules.map((module) => contextOptions(module)!.name);
  return new Map(names.map((name) => [name, config.moduleUrls.get(name) ?? derivedUrl(config, base, name)]));
}

function derivedUrl({ databaseUrl }: Config, base: string, module: string): string {
  try {
    return moduleUrl(base, module);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DatabaseUnusable(`${databaseUrl ? 'DATABASE_URL' : 'DATABASE_ADMIN_URL'}: ${error.message}`);
  }
}

async function provisionAndMigrate(
  adminUrl: string,
  urls: ReadonlyMap<string, string>,
  modules: readonly Type[],
  log: Logger,
): Promise<void> {
  await reachable(adminUrl, () =>
    withAdministrator(adminUrl, async (client) => {
      await refuseUnfit(client);
      await provision(client, logins(urls));
      for (const target of await behind(targets(urls, modules))) {
        const migrations = await migrate(target);
        log.info({ module: target.module, migrations }, 'migrated');
      }
    }),
  );
}

/** Those that are not up to date. */
async function behind(all: readonly ModuleMigrations[]): Promise<ModuleMigrations[]> {
  const missing = await Promise.all(all.map((target) => pending(target)));
  return all.filter((_, n) => missing[n]!.length > 0);
}

export type Task = 'provision' | 'migrate' | 'status';

/**
 * One administrator's task on the database of all modules.
 *
 * @returns a line for each module: what was done, or is to be done
 * @throws DatabaseUnusable when the database cannot be reached, or a module's role does not exist yet
 */
export async function administer(
  task: Task,
  config: Config & { adminUrl: string },
  modules: readonly Type[],
): Promise<string[]> {
  const urls = moduleUrls(config, modules, config.databaseUrl ?? config.adminUrl);
  return await reachable(config.adminUrl, () =>
    withAdministrator(config.adminUrl, async (client) => {
      await refuseUnfit(client);
      if (task === 'provision') {
        await provision(client, logins(urls));
        return logins(urls).map(({ module }) => `${module}: has its role and schema`);
      }
      return await inTurn(targets(urls, modules), (target) => reachable(target.url, () => reportOn(task, target)));
    }),
  );
}

async function reportOn(task: 'migrate' | 'status', target: ModuleMigrations): Promise<string> {
  const names = task === 'migrate' ? await migrate(target) : await pending(target);
  const [some, none] = task === 'migrate' ? ['migrated', 'was up to date'] : ['is to run', 'is up to date'];
  return `${target.module}: ${names.length === 0 ? none : `${some} ${names.join(', ')}`}`;
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const logins = (urls: ReadonlyMap<string, string>) => [...urls].map(([module, url]) => ({ module, url }));

function targets(urls: ReadonlyMap<string, string>, modules: readonly Type[]): ModuleMigrations[] {
  const contexts = modules.map((module) => contextOptions(module)!);
  return contexts.map(({ name, migrations = [] }) => ({ module: name, url: urls.get(name)!, migrations }));
}

/** @throws DatabaseUnusable naming the migrations that are missing */
async function checkProduction(config: Config, modules: readonly Type[]): Promise<PreparedDatabase> {
  const all = targets(config.moduleUrls, modules);
  const asked = all.map((target) => reachable(target.url, () => pending(target, refuseUnfit)));
  // What is wrong with the first of them is told, whichever answers first.
  await Promise.allSettled(asked);
  for (const [n, { module }] of all.entries()) {
    const missing = await asked[n]!;
    if (missing.length === 0) continue;
    const what = `The database of ${module} lacks ${missing.join(', ')}.`;
    throw new DatabaseUnusable(`${what} Run "npm run db -- migrate" with DATABASE_ADMIN_URL first.`);
  }
  return { urls: config.moduleUrls, release: async () => undefined };
}

async function refuseUnfit(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string; readOnly: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') AS "readOnly"`,
  );
  const { version, readOnly } = rows[0]!;
  if (Number.parseInt(version, 10) < OLDEST)
    throw new DatabaseUnusable(`The database is PostgreSQL ${version}: expected ${OLDEST} or later.`);
  if (readOnly === 'on')
    throw new DatabaseUnusable(
      'The database takes no writes: it is a standby, or read-only. Use the URL of the primary.',
    );
}

/** SQLSTATEs that mean "this URL will not do", and what to say about each. */
const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'the password is wrong',
  '28000': 'this user may not log in',
  '3D000': 'this database does not exist: create it first',
  '42501': 'this user may not create roles and schemas: use an administrator in DATABASE_ADMIN_URL',
  '53300': 'it has no connections left',
};

async function reachable<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const { host, pathname, username } = new URL(url);
    const why =
      REFUSALS[code ?? ''] ??
      (/^(E[A-Z]+|57P03)$/.test(code ?? '') || /timeout/.test(message)
        ? `it does not answer (${code ?? message})`
        : undefined);
    if (!why) throw error;
    throw new DatabaseUnusable(`Cannot use the database ${host}${pathname} as ${username}: ${why}.`, { cause: error });
  }
}
