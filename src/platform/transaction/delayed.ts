import type { ClientBase, Pool } from 'pg';
import type { PendingRow } from './message.js';

const COLUMNS = 'id, aggregatetype, aggregateid, type, payload, headers';
/** At once, so that a long stop ends in many short transactions. */
const CHUNK = 500;

/** Stores commands that are sent later, in the schema that `client` works in. */
export async function storeDelayed(client: ClientBase, rows: readonly PendingRow[]): Promise<void> {
  const of = <T>(read: (row: PendingRow) => T) => rows.map(read);
  await client.query({
    name: 'delayed-store',
    text: `INSERT INTO delayed_command (${COLUMNS}, due_at)
           SELECT ${COLUMNS}, coalesce(at, clock_timestamp() + clock_offset() + after_ms * interval '1 ms')
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::timestamptz[], $8::float8[])
               AS later (${COLUMNS}, at, after_ms)`,
    values: [
      of(({ id }) => id),
      of(({ aggregatetype }) => aggregatetype),
      of(({ aggregateid }) => aggregateid),
      of(({ type }) => type),
      of(({ json }) => json),
      of(({ headers }) => JSON.stringify(headers)),
      of(({ later }) => (later && 'at' in later ? later.at : null)),
      of(({ later }) => (later && 'afterMs' in later ? later.afterMs : null)),
    ],
  });
}

/** Moves commands that are due to the outbox, in the order in which they are due. @returns whether there were any */
export async function releaseDelayed(pool: Pool): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'delayed-release',
    text: `WITH due AS (
             DELETE FROM delayed_command WHERE id IN (
               SELECT id FROM delayed_command WHERE due_at <= now() + clock_offset()
                ORDER BY due_at LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED)
             RETURNING *)
           INSERT INTO outbox (${COLUMNS}) SELECT ${COLUMNS} FROM due ORDER BY due_at, stored_at, id`,
  });
  return rowCount! > 0;
}

/** How many wait, and how long ago the oldest was due: seconds, 0 where none is. */
export async function delayedFigures(pool: Pool): Promise<{ count: number; overdueS: number }> {
  const { rows } = await pool.query<{ count: number; overdueS: number }>(
    `SELECT count(*)::int AS count,
            greatest(0, extract(epoch FROM now() + clock_offset() - min(due_at)))::float8 AS "overdueS" FROM delayed_command`,
  );
  return rows[0]!;
}
