import type { Type } from '@nestjs/common';
import type { ClientBase } from 'pg';
import type { Config } from './config.js';
import type { Logger } from './platform/observability/logging.js';
import { untilWritable } from './platform/connection/connection.js';
import { migrate, pending } from './platform/schema/migrate.js';
import { provision, withAdministrator } from './platform/schema/provision.js';
import { checkPoolers } from './poolers.js';
import { DatabaseUnusable, moduleUrls, type Placed, placed, reachable, targets } from './servers.js';

const OLDEST = 13;
/** How long a process waits at start for a server that takes its writes, in milliseconds. */
const HELD_TIMEOUT_MS = 60_000;

/** Where each module's data is, and how to let go of it. */
interface PreparedDatabase {
  urls: ReadonlyMap<string, string>;
  release(): Promise<void>;
}

/**
 * Makes the database ready for the modules. In development: starts or joins the embedded one unless there is a
 * `DATABASE_URL`, provisions and migrates, each module on its own server. In production: checks only, since the process
 * has no administrator's rights.
 *
 * @throws DatabaseUnusable when it cannot be reached, is too old or is not migrated
 */
export async function prepareDatabase(
  config: Config,
  modules: readonly Type[],
  log: Logger,
): Promise<PreparedDatabase> {
  if (config.production) return checkProduction(config, modules, log);
  const common = await commonDatabase(config, (line) => log.info(line));
  try {
    const urls = moduleUrls(config, modules, common.baseUrl);
    const all = targets(urls, modules).map((target) => placed(config, target, common.adminUrl));
    const servers = new Set(all.map(({ adminUrl }) => adminUrl));
    for (const server of servers) {
      const there = all.filter(({ adminUrl }) => adminUrl === server);
      await prepareServer(there, log);
    }
    await checkPoolers(config, modules);
    return { urls, release: common.release };
  } catch (error) {
    await common.release();
    throw error;
  }
}

/** The database of the modules that have none of their own. */
interface CommonDatabase {
  readonly adminUrl: string;
  /** What the logins of modules are derived from. */
  readonly baseUrl: string;
  release(): Promise<void>;
}

/**
 * The common database in development: that of the environment, else the embedded one, which is started when it does not run.
 *
 * @param log is told what takes time
 * @throws EmbeddedError
 */
export async function commonDatabase(config: Config, log: (line: string) => void): Promise<CommonDatabase> {
  const { adminUrl, databaseUrl } = config;
  if (adminUrl) return { adminUrl, baseUrl: databaseUrl ?? adminUrl, release: async () => undefined };
  // Loaded only where there is no other database.
  const { joinEmbedded } = await import('./dev/postgres/embedded.js');
  const embedded = await joinEmbedded(config.dataDir, { log });
  return { adminUrl: embedded.adminUrl, baseUrl: embedded.adminUrl, release: () => embedded.leave() };
}

async function prepareServer(modules: readonly Placed[], log: Logger): Promise<void> {
  const { adminUrl, adminVariable } = modules[0]!;
  const work = () =>
    withAdministrator(adminUrl, async (client) => {
      await refuseUnfit(client);
      const logins = modules.map(({ module, login }) => ({ module, url: login }));
      for (const module of await provision(client, logins)) log.warn({ module }, FENCED);
      await untilNoneIsHeld(modules, log);
      for (const target of await behind(modules)) {
        const migrations = await reachable(target.url, () => migrate(target));
        log.info({ module: target.module, migrations }, 'migrated');
      }
    });
  await reachable(adminUrl, work, adminVariable);
}

/** What is said of a role that somebody has forbidden to log in. */
export const FENCED = 'its role is fenced (NOLOGIN), and stays so: ALTER ROLE … LOGIN opens it again';

/** In the middle of a cut-over or a fail-over no server of a list takes writes: a process that starts then waits. */
async function untilNoneIsHeld(all: readonly { module: string; url: string }[], log: Logger): Promise<void> {
  const waits = all.map(({ module, url }) => {
    const onWait = () => log.warn({ module }, 'no server of this module takes writes: the start waits for one');
    return reachable(url, () => untilWritable(url, HELD_TIMEOUT_MS, onWait));
  });
  // What is wrong with the first of them is told, whichever answers first.
  await Promise.allSettled(waits);
  await Promise.all(waits);
}

/** Those that are not up to date. */
async function behind(all: readonly Placed[]): Promise<Placed[]> {
  const missing = await Promise.all(all.map((target) => reachable(target.url, () => pending(target))));
  return all.filter((_, n) => missing[n]!.length > 0);
}

/** @throws DatabaseUnusable naming the migrations that are missing */
async function checkProduction(config: Config, modules: readonly Type[], log: Logger): Promise<PreparedDatabase> {
  const all = targets(config.moduleUrls, modules);
  await untilNoneIsHeld(all, log);
  const asked = all.map((target) => reachable(target.url, () => pending(target, refuseUnfit)));
  // What is wrong with the first of them is told, whichever answers first.
  await Promise.allSettled(asked);
  for (const [n, { module }] of all.entries()) {
    const missing = await asked[n]!;
    if (missing.length === 0) continue;
    const what = `The database of ${module} lacks ${missing.join(', ')}.`;
    throw new DatabaseUnusable(
      'LIFTOUT_DATABASE_NOT_MIGRATED',
      `${what} Run "npm run db -- migrate ${module}" as an administrator first.`,
    );
  }
  await checkPoolers(config, modules);
  return { urls: config.moduleUrls, release: async () => undefined };
}

/** @throws DatabaseUnusable for a server that is too old or takes no writes */
export async function refuseUnfit(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string; readOnly: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') AS "readOnly"`,
  );
  const { version, readOnly } = rows[0]!;
  if (Number.parseInt(version, 10) < OLDEST)
    throw new DatabaseUnusable(
      'LIFTOUT_DATABASE_TOO_OLD',
      `The database is PostgreSQL ${version}: expected ${OLDEST} or later.`,
    );
  if (readOnly === 'on')
    throw new DatabaseUnusable(
      'LIFTOUT_DATABASE_READ_ONLY',
      'The database takes no writes: it is a standby, or read-only. Use the URL of the primary.',
    );
}
