import type { ClientBase } from 'pg';

type Queryable = Pick<ClientBase, 'query'>;

/** Outside calls that are being made keep their rows. */
const IDLE = `(p.leased_until IS NULL OR p.leased_until <= now() OR p.ordering_key IS NOT NULL)`;

/**
 * Takes out of the retry table what waits there of types that the consumers' covered sets have lost: it holds up its key no
 * longer, and comes back with a version that knows the type. Dead letters stay: they wait for a person.
 */
export async function shelve(client: Queryable, consumers: readonly string[]): Promise<void> {
  const text = `
    WITH gone AS (
      DELETE FROM parked_message p USING consumer_type t
       WHERE p.consumer = ANY ($1) AND t.consumer = p.consumer AND t.type = p.type AND t.handled IS NOT NULL
         AND p.state = 'waiting' AND ${IDLE}
      RETURNING p.*)
    INSERT INTO shelved_message (consumer, type, parked, parked_at)
    SELECT consumer, type, to_jsonb(gone), parked_at FROM gone`;
  await client.query(text, [consumers]);
}

/** Puts back into the retry table what was taken out of it for these types, in its old place. */
export async function unshelve(client: Queryable, consumer: string, types: readonly string[]): Promise<void> {
  const text = `
    WITH back AS (
      DELETE FROM shelved_message s WHERE consumer = $1 AND type = ANY ($2) RETURNING consumer, parked)
    INSERT INTO parked_message (id, consumer, producer, seq, message_id, key, message, attempts, errors, due_at, parked_at)
    OVERRIDING SYSTEM VALUE
    SELECT p.id, back.consumer, p.producer, p.seq, p.message_id, p.key, p.message, p.attempts, p.errors, now(), p.parked_at
      FROM back, LATERAL jsonb_populate_record(NULL::parked_message, back.parked) p
        ON CONFLICT (consumer, producer, seq) DO NOTHING`;
  await client.query(text, [consumer, types]);
}

/**
 * Forgets what has been out of the retry table for as long as messages are kept: no version that knows its type came.
 * @returns how many of which type
 */
export async function clearShelf(client: Queryable, keepMs: number): Promise<{ type: string; count: number }[]> {
  const text = `
    WITH gone AS (DELETE FROM shelved_message WHERE shelved_at < now() - $1 * interval '1 ms' RETURNING type)
    SELECT type, count(*)::int AS count FROM gone GROUP BY type`;
  return (await client.query<{ type: string; count: number }>(text, [keepMs])).rows;
}
