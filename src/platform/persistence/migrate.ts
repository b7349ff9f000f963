import type { MigrationInterface } from 'typeorm';
import { DataSource } from 'typeorm';
import { PLATFORM_MIGRATIONS } from './platform-migrations.js';

type MigrationClass = new () => MigrationInterface;

export interface ModuleMigrations {
  module: string;
  /** Connection URL of the module's role, which owns the schema. */
  url: string;
  migrations: readonly MigrationClass[];
}

/** A migration that failed. Nothing of it is left behind. */
export class MigrationFailed extends Error {
  constructor(module: string, cause: Error) {
    super(`A migration of ${module} failed and was rolled back: ${cause.message}`, { cause });
    this.name = 'MigrationFailed';
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
    const before = new Set(await executed(source));
    try {
      await source.runMigrations({ transaction: 'each' });
    } catch (error) {
      const next = names(source).find((name) => !before.has(name)) ?? 'unknown';
      throw new MigrationFailed(target.module, await whichFailed(source, error as Error, next));
    }
    return (await executed(source)).filter((name) => !before.has(name));
  });
}

/** The names of the migrations that were not run yet. Needs no administrator. */
export async function pending(target: ModuleMigrations): Promise<string[]> {
  return await withMigrations(target, async (source) => {
    const done = new Set(await executed(source));
    return names(source).filter((name) => !done.has(name));
  });
}

async function withMigrations<T>(target: ModuleMigrations, work: (source: DataSource) => Promise<T>): Promise<T> {
  const source = new DataSource({
    type: 'postgres',
    url: target.url,
    schema: target.module,
    migrations: [...PLATFORM_MIGRATIONS, ...target.migrations],
    migrationsTableName: 'schema_migration',
    poolSize: 1,
    applicationName: `liftout:${target.module}:migrate`,
    extra: { options: `-c search_path=${target.module}`, connectionTimeoutMillis: 10_000 },
  });
  await source.initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}

function names(source: DataSource): string[] {
  return source.migrations.map((migration) => migration.name ?? migration.constructor.name).sort(byTime);
}

async function executed(source: DataSource): Promise<string[]> {
  const [{ exists }] = await source.query(`SELECT to_regclass('schema_migration') IS NOT NULL AS exists`);
  if (!exists) return [];
  const rows: { name: string }[] = await source.query('SELECT name FROM schema_migration ORDER BY timestamp');
  return rows.map((row) => row.name);
}

async function whichFailed(source: DataSource, error: Error, fallback: string): Promise<Error> {
  const done = new Set(await executed(source));
  const name = names(source).find((candidate) => !done.has(candidate)) ?? fallback;
  return new Error(`${name}: ${error.message}`, { cause: error });
}

const byTime = (a: string, b: string) => Number(a.slice(-13)) - Number(b.slice(-13));
