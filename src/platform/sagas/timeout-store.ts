import type { ClientBase } from 'pg';
import type { SagaRow } from './saga-store.js';
import { appended, COLUMNS } from './saga-store.js';

type Client = Pick<ClientBase, 'query'>;

/** An instance whose timeout has passed. */
export interface TimedOut extends SagaRow {
  timeout_name: string;
  /** As PostgreSQL writes it: with `timeout_name` it says which arming this is. */
  timeoutAt: string;
  dueAt: Date;
  /** Failed attempts so far. */
  timeoutAttempts: number;
}

/** The timeouts that a version knows: those of others stay armed, for a version that knows them. */
export type KnownTimeouts = readonly { saga: string; timeout: string }[];

const KNOWN = `timeout_at IS NOT NULL AND (saga, timeout_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
const columnsOf = (known: KnownTimeouts) => [known.map(({ saga }) => saga), known.map(({ timeout }) => timeout)];

/** Milliseconds until the next of these timeouts, negative when it has passed; `undefined` when none is armed. */
export async function nextTimeoutMs(client: Client, known: KnownTimeouts): Promise<number | undefined> {
  const text = `SELECT extract(epoch FROM min(timeout_at) - now() - clock_offset())::float8 * 1000 AS ms FROM saga WHERE ${KNOWN}`;
  const values = columnsOf(known);
  const { rows } = await client.query<{ ms: number | null }>({ name: 'saga-next-timeout', text, values });
  return rows[0]!.ms ?? undefined;
}

/** Locks one instance whose timeout has passed and that nobody else is working on. */
export async function lockTimedOut(client: Client, known: KnownTimeouts): Promise<TimedOut | undefined> {
  const text = `SELECT ${COLUMNS}, timeout_at::text AS "timeoutAt", timeout_at AS "dueAt", timeout_attempts AS "timeoutAttempts"
                  FROM saga WHERE timeout_at <= now() + clock_offset() AND ${KNOWN}
                 ORDER BY timeout_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return (await client.query<TimedOut>({ name: 'saga-timed-out', text, values: columnsOf(known) })).rows[0];
}

/**
 * Notes a failed attempt, unless the timeout was handled, armed again or disarmed meanwhile.
 * @param dueInMs milliseconds to the next attempt; `undefined` makes it a dead letter: a name without a time
 */
export async function noteTimeoutFailure(
  client: Client,
  row: TimedOut,
  error: string,
  dueInMs: number | undefined,
): Promise<void> {
  await client.query({
    name: 'saga-timeout-failure',
    text: `UPDATE saga SET timeout_at = now() + clock_offset() + $5::float8 * interval '1 ms', timeout_attempts = timeout_attempts + 1,
                  timeout_error = $6, timeline = ${appended('$7::jsonb')}
            WHERE saga = $1 AND id = $2 AND timeout_name = $3 AND timeout_at = $4::timestamptz`,
    values: [
      row.saga,
      row.id,
      row.timeout_name,
      row.timeoutAt,
      dueInMs ?? null,
      error,
      JSON.stringify([{ heard: `timeout ${row.timeout_name}`, error }]),
    ],
  });
}

/** Makes the timeouts that failed due now, with all their attempts ahead of them. @returns how many */
export async function retryTimeouts(client: Client, id?: string): Promise<number> {
  const text = `UPDATE saga SET timeout_at = now() + clock_offset(), timeout_attempts = 0
                 WHERE timeout_name IS NOT NULL AND (timeout_at IS NULL OR timeout_attempts > 0)
                   AND ($1::text IS NULL OR id = $1)`;
  return (await client.query(text, [id ?? null])).rowCount ?? 0;
}
