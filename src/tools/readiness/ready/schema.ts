import { existsSync } from 'node:fs';
import type { Type } from '@nestjs/common';
import pg from 'pg';
import { readConfig } from '../../../config.js';
import { commonDatabase } from '../../../database.js';
import { describeUrl, urlsOf } from '../../../platform/connection/urls.js';
import { PLATFORM_MIGRATIONS } from '../../../platform/schema/platform-migrations.js';
import { tablesOf } from '../../map/tables.js';
import { moduleUrls, placed, targets } from '../../../servers.js';

/** What a database knows of the schema of a module. */
export interface SchemaFacts {
  place: string;
  bytes: number;
  rows: number;
  /** Tables whose rows cannot be told apart by a subscriber. */
  keyless: readonly string[];
  /** Constraints, views and functions of other schemas that depend on a table of this one. */
  dangling: readonly string[];
  /** Unlogged and foreign tables. */
  unreplicable: readonly string[];
}

/**
 * Looks at the databases of the environment: those of the modules, or the embedded one where there is one.
 *
 * @returns by module, without those whose schema is not there; empty, and why, where there is no database
 */
export async function readSchemas(
  env: NodeJS.ProcessEnv,
  modules: readonly Type[],
): Promise<{ schemas: ReadonlyMap<string, SchemaFacts>; problem?: string }> {
  const config = readConfig(env, modules, { terminal: false, serves: false, talks: false });
  const isNamed = Boolean(config.databaseUrl ?? config.adminUrl) || config.moduleUrls.size > 0;
  if (!isNamed && !existsSync(config.dataDir)) return { schemas: new Map(), problem: 'there is none yet' };
  const schemas = new Map<string, SchemaFacts>();
  try {
    if (config.production) {
      for (const [module, url] of config.moduleUrls) await look(module, urlsOf(url)[0]!, schemas);
      return { schemas };
    }
    const common = await commonDatabase(config, () => undefined);
    try {
      const urls = moduleUrls(config, modules, common.baseUrl);
      for (const target of targets(urls, modules))
        await look(target.module, placed(config, target, common.adminUrl).adminUrl, schemas);
    } finally {
      await common.release();
    }
    return { schemas };
  } catch (error) {
    return { schemas, problem: (error as Error).message };
  }
}

async function look(module: string, connectionString: string, found: Map<string, SchemaFacts>): Promise<void> {
  const client = new pg.Client({ connectionString, application_name: 'liftout:readiness', statement_timeout: 30_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Omit<SchemaFacts, 'place'> & { there: boolean }>(FACTS, [
      module,
      await platformTables(),
    ]);
    const { there, ...facts } = rows[0]!;
    if (there) found.set(module, { place: describeUrl(connectionString), ...facts });
  } finally {
    await client.end();
  }
}

/** The platform sees to these by itself. */
const platformTables = async () => (await tablesOf(PLATFORM_MIGRATIONS)).map(({ name }) => name);

const FACTS = `
  WITH own AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1),
       names AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
  SELECT EXISTS (SELECT FROM names) AS there,
         (SELECT coalesce(sum(pg_table_size(oid)), 0)::float8 FROM own WHERE relkind = 'r') AS bytes,
         (SELECT coalesce(sum(greatest(reltuples, 0)), 0)::float8 FROM own WHERE relkind = 'r') AS rows,
         (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM own
           WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL ($2) AND relreplident IN ('d', 'n')
             AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = own.oid AND indisprimary)) AS keyless,
         (SELECT coalesce(json_agg(DISTINCT what), '[]') FROM (
            SELECT k.conrelid::regclass || '.' || k.conname AS what FROM pg_constraint k
             WHERE k.contype = 'f' AND k.confrelid IN (SELECT oid FROM own) AND k.conrelid NOT IN (SELECT oid FROM own)
            UNION ALL
            SELECT v.oid::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid IN (SELECT oid FROM own)
               AND v.relnamespace NOT IN (SELECT oid FROM names)) AS outside) AS dangling,
         (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM own
           WHERE relkind = 'f' OR relkind IN ('r', 'p') AND relpersistence = 'u') AS unreplicable`;
