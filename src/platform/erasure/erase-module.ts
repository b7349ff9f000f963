import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { hashOf } from '../messaging/content.js';
import { childContext, runInScope } from '../messaging/context/context.js';
import type { Database } from '../transaction/database.js';
import { transact } from '../transaction/transact.js';
import { UnitOfWork } from '../transaction/unit-of-work.js';
import type { Eraser } from './eraser.js';
import type { Mark } from './marks.js';
import { redactionOf, redactionValues } from './marks.js';
import type { Store } from './stores.js';
import { STORES } from './stores.js';

/** Rows by table, those without any left out. */
export type Counts = Record<string, number>;

/** What is to be erased, in one module. */
interface Erasing {
  readonly database: Database;
  readonly erasers: readonly Eraser[];
  readonly marks: readonly Mark[];
  readonly subject: string;
  /** Only counts. */
  readonly dryRun: boolean;
  /** How long to wait for rows that are being handled: milliseconds. */
  readonly patienceMs: number;
}

/** What was done in a module. */
export interface ErasedModule {
  readonly counts: Counts;
  /** Rows that were being handled all the time: they hold what they held. */
  readonly busy: number;
}

/** Sequence numbers of the outbox, and rows of other tables, that one transaction looks at or changes. */
const WINDOW = 2000;
const CHUNK = 200;
const BUSY_INTERVAL_MS = 200;
const GONE = '42P01';

/**
 * Redacts one module: its own tables first, so that what their erasers publish is redacted as well.
 *
 * @guarantee each step is a short transaction of its own and finds only what is not redacted yet: killed in the middle, it
 *   is done again. Readers of the outbox wait for none of them
 */
export async function eraseModule(erasing: Erasing): Promise<ErasedModule> {
  const counts: Counts = {};
  const add = (table: string, rows: number) => rows > 0 && (counts[table] = (counts[table] ?? 0) + rows);
  for (const [table, rows] of Object.entries(await eraseOwn(erasing))) add(table, rows);
  for (const partition of await partitions(erasing.database)) add('outbox', await redactPartition(erasing, partition));
  let busy = 0;
  for (const store of STORES) {
    const done = await redactStore(erasing, store);
    add(store.table, done.rows);
    busy += done.busy;
  }
  return { counts, busy };
}

/** The hash by which the outcomes of commands, and the audit line, name a person. */
export const subjectHash = (subject: string) => hashOf(subject);

/** The erasers of the module, all in one transaction. */
async function eraseOwn({ database, erasers, subject, dryRun }: Erasing): Promise<Counts> {
  const counts: Counts = {};
  const unit = new UnitOfWork(database.module, database.dataSource);
  try {
    await runInScope(childContext('erasure', database.module), unit, async () => {
      for (const eraser of erasers) Object.assign(counts, await eraser.erase(subject));
    });
    if (dryRun) await unit.rollback();
    else await unit.commit();
  } catch (error) {
    await unit.rollback();
    throw error;
  }
  return counts;
}

/** Also those that are not attached at the moment. */
async function partitions({ pool }: Database): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname ~ '^outbox_[0-9]+$'
      ORDER BY substr(relname, 8)::bigint`,
  );
  return rows.map(({ name }) => name);
}

const OUTBOX = redactionOf({ type: 'type', payload: 'payload', headers: 'headers' });

/**
 * The partition is changed by its own name: the lock that the readers watch is that on the whole outbox, which this does
 * not take. One that retention has dropped meanwhile holds nothing any more.
 */
async function redactPartition(erasing: Erasing, partition: string): Promise<number> {
  const { database, dryRun, subject, marks } = erasing;
  const where = `WHERE seq BETWEEN $4 AND $5 AND ${OUTBOX.found}`;
  const text = dryRun
    ? `SELECT FROM ${partition} ${where}`
    : `UPDATE ${partition} SET payload = ${OUTBOX.payload}, headers = ${OUTBOX.headers} ${where}`;
  let rows = 0;
  try {
    const bounds = `SELECT min(seq)::float8 AS first, max(seq)::float8 AS last FROM ${partition}`;
    const { first, last } = (await database.pool.query<{ first: number | null; last: number }>(bounds)).rows[0]!;
    for (let from = first ?? Infinity; from <= last; from += WINDOW) {
      const values = [...redactionValues(subject, marks), from, from + WINDOW - 1];
      rows += await transact(database, (client) => count(client, text, values));
    }
  } catch (error) {
    if ((error as { code?: string }).code !== GONE) throw error;
  }
  return rows;
}

/** Rows that somebody works on are passed over, and looked at again until they are free. */
async function redactStore(erasing: Erasing, store: Store): Promise<{ rows: number; busy: number }> {
  const { database, dryRun, patienceMs } = erasing;
  const values = valuesFor(store, erasing);
  const find = `SELECT FROM ${store.table} WHERE ${store.found}`;
  if (dryRun) return { rows: await count(database.pool, find, values), busy: 0 };
  const chosen = `SELECT ctid FROM ${store.table} WHERE ${store.found} LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED`;
  const text = `UPDATE ${store.table} SET ${store.set} WHERE ctid = ANY (ARRAY(${chosen}))`;
  let rows = 0;
  for (const until = Date.now() + patienceMs; ; await delay(BUSY_INTERVAL_MS)) {
    for (let some = -1; some !== 0; rows += some)
      some = await transact(database, (client) => count(client, text, values));
    const busy = await count(database.pool, find, values);
    if (busy === 0 || Date.now() > until) return { rows, busy };
  }
}

const valuesFor = ({ byHash }: Store, { subject, marks }: Erasing) =>
  byHash ? [subjectHash(subject)] : redactionValues(subject, marks);

async function count(client: Pick<PoolClient, 'query'>, text: string, values: unknown[]): Promise<number> {
  return (await client.query(text, values)).rowCount ?? 0;
}
