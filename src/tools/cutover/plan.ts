import { MODULE_MARK, markOf } from '../../platform/connection/urls.js';
import { byReference } from './copy.js';
import type { Flow } from './flow.js';
import { barrier } from './reach.js';
import { missingRights } from './rights.js';
import type { Side } from './side.js';
import { CutoverError } from './side.js';
import type { Method } from './state.js';

/** A cut-over as it is planned: where from, where to, and what would carry it in each direction. */
interface Planned {
  out: Flow;
  back: Flow;
  method: Method;
  /** Whether it is under way. */
  isUnderWay: boolean;
}

/** What would stop it, each with what to do. */
export async function problemsOf({ out, back, method, isUnderWay }: Planned): Promise<string[]> {
  const { from: source, to: target } = out;
  const rights = [...(await missingRights(source, method)), ...(await missingRights(target, method))];
  const servers = method === 'logical' ? [...(await serverProblems(source)), ...(await serverProblems(target))] : [];
  const reached = method === 'logical' && rights.length === 0 ? [await barrier(out), await barrier(back)] : [];
  return [
    ...((await source.hasSchema()) ? [] : [`${source.place} has no schema ${source.module}: it is somewhere else.`]),
    ...servers,
    ...rights,
    ...reached.filter((problem) => problem !== undefined),
    ...(isUnderWay || !(await target.hasSchema())
      ? []
      : [`${target.place} already has a schema ${source.module}: drop or rename it there, or name another database.`]),
    ...(await immovable(source, method)),
    ...(await missingExtensions(source, target)),
  ];
}

async function serverProblems(side: Side): Promise<string[]> {
  const problems: string[] = [];
  const otherwise = 'or use --method copy';
  if (side.version < 15)
    problems.push(`${side.place} is PostgreSQL ${side.version}: expected 15 or later, ${otherwise}.`);
  const level = await side.value<string>(`SELECT current_setting('wal_level')`);
  if (level !== 'logical')
    problems.push(`${side.place} has wal_level=${level}: set wal_level=logical and restart it, ${otherwise}.`);
  const slots = `SELECT current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots)::int`;
  if ((await side.value<number>(slots)) < 3)
    problems.push(`${side.place} has no replication slots left: raise max_replication_slots, ${otherwise}.`);
  return problems;
}

const RELATION = `SELECT c.relname AS name, c.oid FROM pg_class c WHERE relnamespace = to_regnamespace($1)`;

/** What neither a flow nor a copy carries, or only a copy does: a query for names, and why. */
const IMMOVABLE: readonly { text: string; why: string; method?: Method }[] = [
  { text: `${RELATION} AND relkind = 'f'`, why: 'a foreign table: its rows are somewhere else' },
  { text: `${RELATION} AND relkind = 'm'`, why: 'a materialized view: its rows are not carried' },
  {
    text: `${RELATION} AND relkind IN ('r', 'p') AND relpersistence = 'u'`,
    why: 'unlogged: that cannot be replicated',
    method: 'logical',
  },
  {
    text: `${RELATION} AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled IN ('A', 'R'))`,
    why: 'a table with a trigger that replication sets off as well',
  },
  {
    // Its rows are found by all of their columns, for which two values of each have to be comparable.
    text: `${RELATION} AND relkind IN ('r', 'p') AND relname <> 'schema_migration'
             AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)
             AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                            AND atttypid IN ('json'::regtype, 'xml'::regtype, 'point'::regtype, 'polygon'::regtype))`,
    why: 'a table without a primary key and with a column of json, xml or points: rows that change cannot be found',
    method: 'logical',
  },
];

async function immovable(source: Side, method: Method): Promise<string[]> {
  const problems: string[] = [];
  for (const { text, why, method: only } of IMMOVABLE) {
    if (only && only !== method) continue;
    const found = await source.rows<{ name: string }>(`${text} ORDER BY 1`, [source.id(source.module)]);
    problems.push(...found.map(({ name }) => `${source.module}.${name} is ${why}. Change it by a migration first.`));
  }
  const objects = `SELECT count(*)::int FROM pg_largeobject_metadata WHERE lomowner = (SELECT oid FROM pg_roles WHERE rolname = $1)`;
  const count = await source.value<number>(objects, [source.role]);
  if (count > 0)
    problems.push(
      `${source.role} has ${count} large objects, which are not carried: keep them in a column of bytea instead.`,
    );
  const { circle } = method === 'copy' ? await byReference(source) : { circle: [] };
  if (circle.length > 0)
    problems.push(
      `The foreign keys of ${circle.join(', ')} form a circle: a copy has no order for them. Use --method logical.`,
    );
  return problems;
}

/** Extensions that tables of the module use: an administrator makes them, not the module's migrations. */
async function missingExtensions(source: Side, target: Side): Promise<string[]> {
  const text = `SELECT DISTINCT extname AS name FROM pg_depend d
                  JOIN pg_depend x ON x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e'
                  JOIN pg_extension e ON e.oid = x.refobjid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace($1))`;
  const used = await source.rows<{ name: string }>(text, [source.id(source.module)]);
  const there = await target.rows<{ name: string }>('SELECT extname AS name FROM pg_extension');
  const known = new Set(there.map(({ name }) => name));
  return used
    .filter(({ name }) => !known.has(name))
    .map(
      ({ name }) =>
        `${target.place} lacks the extension ${name}, which ${source.module} uses: CREATE EXTENSION ${name} there.`,
    );
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

/** @throws CutoverError naming the processes that would not find the new side */
export async function refuseUnaware(from: Side, to: Side): Promise<void> {
  const sessions = await unaware(from, to);
  if (sessions.length === 0) return;
  throw new CutoverError(
    `These processes do not know ${to.place}: ${sessions.join(', ')}. Give them a list of both URLs, written with that host and ` +
      `port, and restart them one after the other. ${from.place} is in charge.`,
  );
}
