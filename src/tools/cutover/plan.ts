import { MODULE_MARK, markOf } from '../../platform/persistence/urls.js';
import type { Side } from './side.js';

/** What would stop it, each with what to do. */
export async function problemsOf(source: Side, target: Side, isUnderWay: boolean): Promise<string[]> {
  return [
    ...((await source.hasSchema()) ? [] : [`${source.place} has no schema ${source.module}: it is somewhere else.`]),
    ...(await serverProblems(source)),
    ...(await serverProblems(target)),
    ...(isUnderWay || !(await target.hasSchema())
      ? []
      : [`${target.place} already has a schema ${source.module}: drop or rename it there, or name another database.`]),
    ...(await unreplicable(source)),
    ...(await missingExtensions(source, target)),
  ];
}

async function serverProblems(side: Side): Promise<string[]> {
  const problems: string[] = [];
  if (side.version < 15) problems.push(`${side.place} is PostgreSQL ${side.version}: expected 15 or later.`);
  const level = await side.value<string>(`SELECT current_setting('wal_level')`);
  if (level !== 'logical') problems.push(`${side.place} has wal_level=${level}: set wal_level=logical and restart it.`);
  const superuser = await side.value<boolean>('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
  if (!superuser)
    problems.push(
      `${side.place}: the administrator has to be a superuser, to make a role and a subscription for replication.`,
    );
  const slots = `SELECT current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots)::int`;
  if ((await side.value<number>(slots)) < 3)
    problems.push(`${side.place} has no replication slots left: raise max_replication_slots.`);
  return problems;
}

async function unreplicable(source: Side): Promise<string[]> {
  const text = `SELECT relname AS name, CASE WHEN relkind = 'f' THEN 'a foreign table' ELSE 'unlogged' END AS why
                  FROM pg_class WHERE relnamespace = to_regnamespace($1)
                   AND (relkind = 'f' OR relkind IN ('r', 'p') AND relpersistence = 'u') ORDER BY 1`;
  const tables = await source.rows<{ name: string; why: string }>(text, [source.id(source.module)]);
  return tables.map(
    ({ name, why }) => `${source.module}.${name} is ${why}: that cannot be replicated. Change it by a migration first.`,
  );
}

async function missingExtensions(source: Side, target: Side): Promise<string[]> {
  const used = await source.rows<{ name: string }>(`SELECT extname AS name FROM pg_extension`);
  const offered = await target.rows<{ name: string }>(`SELECT name FROM pg_available_extensions`);
  const known = new Set(offered.map(({ name }) => name));
  return used
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => `${target.place} does not offer the extension ${name}: install it there.`);
}

/** Columns that the two sides do not share: a table that was made by hand. */
export async function differences(source: Side, target: Side): Promise<string[]> {
  const text = `SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) AS name
                  FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
                 WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0
                   AND NOT attisdropped AND relname NOT IN ('schema_migration', 'cutover_state')`;
  const [here, there] = await Promise.all(
    [source, target].map(
      async (side) =>
        new Set((await side.rows<{ name: string }>(text, [side.id(side.module)])).map(({ name }) => name)),
    ),
  );
  return [...here!].filter((name) => !there!.has(name)).concat([...there!].filter((name) => !here!.has(name)));
}

/** Bytes and rows, about, of what moves. */
export async function sizeOf(side: Side): Promise<{ bytes: number; rows: number }> {
  const text = `SELECT coalesce(sum(pg_table_size(oid)), 0)::float8 AS bytes, coalesce(sum(greatest(reltuples, 0)), 0)::float8 AS rows
                  FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`;
  return (await side.rows<{ bytes: number; rows: number }>(text, [side.id(side.module)]))[0]!;
}

/** Sessions of the module's processes that were started without this target in their list. */
export async function unaware(from: Side, to: Side): Promise<string[]> {
  const text = `SELECT pid, coalesce(host(client_addr), 'local') AS host, application_name AS name FROM pg_stat_activity
                 WHERE usename = $1 AND datname = current_database() AND application_name LIKE 'liftout:%'
                   AND application_name NOT LIKE '%:migrate' AND application_name NOT LIKE 'liftout:server'`;
  const sessions = await from.rows<{ pid: number; host: string; name: string }>(text, [from.role]);
  const mark = markOf(to.place);
  return sessions
    .filter(({ name }) => !name.split(MODULE_MARK).slice(1).includes(mark))
    .map(({ pid, host, name }) => `${name} from ${host} (pid ${pid})`);
}
