import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';

/**
 * An outbox is partitioned by sequence number, so that old rows go by dropping tables: a `DELETE` leaves dead rows, and
 * holds the very lock that the readers' watermark watches. The last partition has no upper end: an insert always finds a
 * place, also when nobody has made room for long.
 */
export interface Partitions {
  /** The lowest number of each partition, ascending; the table's name ends with it. */
  from: readonly number[];
  /** The number that the next row will get, or a later one. */
  next: number;
}

/** Rows of a partition. Small enough to go as soon as they are old, large enough that tables are rarely made. */
export const PARTITION_ROWS = 250_000;

/** Writers and readers queue up behind a lock on the whole outbox that is waited for: hence not for long, but often. */
const LOCK_MS = 25;
const ATTEMPTS = 5;
const LOCK_NOT_AVAILABLE = '55P03';

/** SQL: the lowest numbers of the partitions, ascending. */
const LOWEST = `
  array(SELECT substr(relname, 8)::bigint::float8 FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
         WHERE inhparent = 'outbox'::regclass ORDER BY 1)`;

/** SQL: the position behind which everything is still kept. */
export const KEPT_BEHIND = `(${LOWEST})[1] - 1`;

const STATE = `
  SELECT ${LOWEST} AS "from",
         CASE WHEN is_called THEN last_value + 1 ELSE last_value END::float8 AS next
    FROM outbox_seq`;

type Client = Pick<ClientBase, 'query'>;

export async function partitionsOf(client: Client): Promise<Partitions> {
  return (await client.query<Partitions>(STATE)).rows[0]!;
}

export const partitionName = (from: number) => `outbox_${from}`;

/** The partition that the next row goes to. */
export function currentPartition({ from, next }: Partitions): number {
  return from.findLast((lower) => lower <= next) ?? from[0]!;
}

/**
 * Keeps an empty partition ahead of the one that is written.
 *
 * @param rows of a partition
 * @returns whether there is room; `false` when the outbox was too busy, which does no harm until much later
 */
export async function makeRoom(client: Client, rows: number): Promise<boolean> {
  for (
    let state = await partitionsOf(client);
    state.next > state.from.at(-1)! - rows;
    state = await partitionsOf(client)
  ) {
    if (!(await withLockTimeout(client, 'ACCESS EXCLUSIVE', () => closeLast(client, rows)))) return false;
  }
  return true;
}

/** Gives the open partition an upper end, beyond all rows it has already, and opens a new one there. */
async function closeLast(client: Client, rows: number): Promise<void> {
  const { from, next } = await partitionsOf(client);
  const last = from.at(-1)!;
  const end = last + rows * (1 + Math.max(0, Math.floor((next - 1 - last) / rows)));
  await client.query(`ALTER TABLE outbox DETACH PARTITION ${partitionName(last)}`);
  await client.query(
    `ALTER TABLE outbox ATTACH PARTITION ${partitionName(last)} FOR VALUES FROM (${last}) TO (${end})`,
  );
  await client.query(`CREATE TABLE ${partitionName(end)} PARTITION OF outbox FOR VALUES FROM (${end}) TO (MAXVALUE)`);
}

/**
 * Lets the next row begin a new partition, so that a quiet module's rows can go as well. The numbers in between are never
 * used: readers know gaps from transactions that were rolled back.
 */
export async function startNextPartition(client: Client): Promise<boolean> {
  return await withLockTimeout(client, 'SHARE', async () => {
    const { from, next } = await partitionsOf(client);
    const following = from.find((lower) => lower > next);
    if (following !== undefined) await client.query(`SELECT setval('outbox_seq', $1)`, [following - 1]);
  });
}

/**
 * Drops a partition.
 * @param mayGo asked again when nobody can write any more: a row may have been committed since the last look
 */
export async function dropPartition(client: Client, from: number, mayGo: () => Promise<boolean>): Promise<boolean> {
  return await withLockTimeout(client, 'ACCESS EXCLUSIVE', async () => {
    if (await mayGo()) await client.query(`DROP TABLE ${partitionName(from)}`);
  });
}

/**
 * Does `work` in a transaction that holds a lock on the whole outbox.
 * @returns whether it was done; `false` when the lock could not be had
 */
async function withLockTimeout(
  client: Client,
  mode: 'SHARE' | 'ACCESS EXCLUSIVE',
  work: () => Promise<unknown>,
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      await client.query(`BEGIN; SET LOCAL lock_timeout = ${LOCK_MS}; LOCK TABLE ONLY outbox IN ${mode} MODE`);
      await work();
      await client.query('COMMIT');
      return true;
    } catch (error) {
      await client.query('ROLLBACK');
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      await delay(LOCK_MS * attempt * (1 + Math.random()));
    }
  }
  return false;
}
