import type { ClientBase } from 'pg';
import type { MigrationInterface } from 'typeorm';
import { DataSource } from 'typeorm';
import { OperatorError } from '../coded-error.js';
import { BoundedClient, LONG_STATEMENT_TIMEOUT_MS, sessionConfig } from '../connection/connection.js';
import { PLATFORM_MIGRATIONS } from './platform-migrations.js';
import { urlsOf } from '../connection/urls.js';

type MigrationClass = new () => MigrationInterface;

export interface ModuleMigrations {
  module: string;
  /** Connection URL of the module's role, or those of several servers with spaces between. */
  url: string;
  migrations: readonly MigrationClass[];
}

/** A migration that failed. Nothing of it is left behind. */
class MigrationFailed extends OperatorError {
  constructor(module: string, cause: Error) {
    super('LIFTOUT_MIGRATION_FAILED', `A migration of ${module} failed and was rolled back: ${cause.message}`, {
      cause,
    });
  }
}

/**
 * Brings the schema of one module up to date; each migration in a transaction of its own. Call it under the lock of
 * `withAdministrator`, so that replicas that start together do the work once.
 *
 * @returns the names of the migrations that were run
 * @throws MigrationFailed naming the module and the migration
 */
export async function migrate(target: ModuleMigrations): Promise<string[]> {
  return await withMigrations(target, async (source) => {
    await refuseWhileMoving(source, target.module);
    const before = new Set(await executedOn(source));
    try {
      await source.runMigrations({ transaction: 'each' });
    } catch (error) {
      const next = names(source.migrations).find((name) => !before.has(name)) ?? 'unknown';
      throw new MigrationFailed(target.module, await whichFailed(source, error as Error, next));
    }
    return (await executedOn(source)).filter((name) => !before.has(name));
  });
}

/**
 * The names of the migrations that were not run yet. Needs no administrator, and costs little: every start asks it.
 *
 * @param check what else is asked on the same connection, before
 * @throws the connection's error, or the check's
 */
export async function pending(
  { module, url, migrations }: ModuleMigrations,
  check?: (client: ClientBase) => Promise<void>,
): Promise<string[]> {
  const client = new BoundedClient({ connectionString: url, ...sessionOf(module) });
  await client.connect();
  try {
    await check?.(client);
    const done = new Set(await executed(async (text) => (await client.query(text)).rows));
    const all = names(allOf(migrations).map((Migration) => new Migration()));
    return all.filter((name) => !done.has(name));
  } finally {
    await client.end();
  }
}

/** A migration takes its time. */
const sessionOf = (module: string) =>
  sessionConfig({
    application_name: `liftout:${module}:migrate`,
    settings: { search_path: module },
    statementTimeoutMs: LONG_STATEMENT_TIMEOUT_MS,
  });
const allOf = (migrations: readonly MigrationClass[]) => [...PLATFORM_MIGRATIONS, ...migrations];

async function withMigrations<T>(target: ModuleMigrations, work: (source: DataSource) => Promise<T>): Promise<T> {
  const source = new DataSource({
    type: 'postgres',
    url: urlsOf(target.url)[0]!,
    schema: target.module,
    migrations: allOf(target.migrations),
    migrationsTableName: 'schema_migration',
    poolSize: 1,
    extra: { ...sessionOf(target.module), connectionString: target.url },
  });
  await source.initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}

/** Replication does not carry what a migration does: the two sides would differ. */
async function refuseWhileMoving(source: DataSource, module: string): Promise<void> {
  const [there] = await source.query<{ moving: boolean }[]>(
    `SELECT to_regclass('cutover_state') IS NOT NULL AS moving`,
  );
  if (!there!.moving || !(await source.showMigrations())) return;
  const cause = new Error('its data is being moved to another database. Finish or abort that first: npm run cutover');
  throw new MigrationFailed(module, cause);
}

function names(migrations: readonly MigrationInterface[]): string[] {
  return migrations.map((migration) => migration.name ?? migration.constructor.name).sort(byTime);
}

const executedOn = (source: DataSource) => executed((text) => source.query(text));

async function executed(ask: (text: string) => Promise<Record<string, unknown>[]>): Promise<string[]> {
  const [there] = await ask(`SELECT to_regclass('schema_migration') IS NOT NULL AS exists`);
  if (!there!['exists']) return [];
  const rows = await ask('SELECT name FROM schema_migration ORDER BY timestamp');
  return rows.map((row) => row['name'] as string);
}

async function whichFailed(source: DataSource, error: Error, fallback: string): Promise<Error> {
  const done = new Set(await executedOn(source));
  const name = names(source.migrations).find((candidate) => !done.has(candidate)) ?? fallback;
  return new Error(`${name}: ${error.message}`, { cause: error });
}

const byTime = (a: string, b: string) => Number(a.slice(-13)) - Number(b.slice(-13));
