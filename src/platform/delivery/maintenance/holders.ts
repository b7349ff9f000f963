import type { ClientBase } from 'pg';
import type { Database } from '../../transaction/database.js';

/** For how long a module has held its oldest message that may be handled again: waiting, being handled, or dead. */
export interface Holding {
  module: string;
  /** Milliseconds; null when it holds none. An age, and no moment: the clocks of two servers differ. */
  oldestMs: number | null;
}

const OLDEST = `
  SELECT extract(epoch FROM clock_timestamp() - min(parked_at))::float8 * 1000 AS "oldestMs"
    FROM (SELECT parked_at FROM parked_message UNION ALL SELECT parked_at FROM shelved_message) held`;

/**
 * What the modules of this process hold. A message that runs without a transaction is put into the work table before it is
 * handled for the first time, so whatever can be handled again is there.
 *
 * @returns nothing of a module whose database does not answer: what was reported of it before goes on to hold
 */
export async function heldBy(databases: readonly Database[]): Promise<Holding[]> {
  const held = await Promise.allSettled(
    databases.map(async ({ module, pool }) => {
      const { rows } = await pool.query<{ oldestMs: number | null }>({ name: 'oldest-held', text: OLDEST });
      const { oldestMs } = rows[0]!;
      return { module, oldestMs: oldestMs === null ? null : Math.max(0, oldestMs) };
    }),
  );
  return held.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/**
 * Notes in a module what the others hold: outcomes of commands that these messages may repeat are remembered as long.
 * `client` is of the module that remembers.
 */
export async function noteHolders(client: Pick<ClientBase, 'query'>, held: readonly Holding[]): Promise<void> {
  const text = `
    INSERT INTO message_holder (module, oldest_at, reported_at)
    SELECT module, now() - age * interval '1 ms', now() FROM unnest($1::text[], $2::float8[]) AS held (module, age)
     ORDER BY module
    ON CONFLICT (module) DO UPDATE SET oldest_at = EXCLUDED.oldest_at, reported_at = EXCLUDED.reported_at`;
  const values = [held.map(({ module }) => module), held.map(({ oldestMs }) => oldestMs)];
  if (held.length > 0) await client.query({ name: 'holders-note', text, values });
}
