import type { ClientBase } from 'pg';
import type { SagaRow } from './saga-store.js';
import { appended, COLUMNS } from './saga-store.js';

type Client = Pick<ClientBase, 'query'>;

/** An instance whose timeout has passed. */
export interface TimedOut extends SagaRow {
  name: string;
  /** It runs beside the one in the row of the instance. */
  isNamed: boolean;
  headers: SagaRow['timeout_headers'];
  /** As PostgreSQL writes it: with the name it says which arming this is. */
  timeoutAt: string;
  dueAt: Date;
  /** Failed attempts so far. */
  timeoutAttempts: number;
}

/** The timeouts that a version knows: those of others stay armed, for a version that knows them. */
export type KnownTimeouts = readonly { saga: string; timeout: string }[];

const KNOWN = `timeout_at IS NOT NULL AND (saga, timeout_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
/** The end of an instance disarms those beside its own. */
const KNOWN_NAMED = `due_at IS NOT NULL AND ended_at IS NULL AND (saga, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
const columnsOf = (known: KnownTimeouts) => [known.map(({ saga }) => saga), known.map(({ timeout }) => timeout)];

/** Milliseconds until the next of these timeouts, negative when it has passed; `undefined` when none is armed. */
export async function nextTimeoutMs(client: Client, known: KnownTimeouts): Promise<number | undefined> {
  const text = `
    SELECT extract(epoch FROM least(
             (SELECT min(timeout_at) FROM saga WHERE ${KNOWN}),
             (SELECT min(due_at) FROM named_timeout JOIN saga USING (saga, id) WHERE ${KNOWN_NAMED})
           ) - now() - clock_offset())::float8 * 1000 AS ms`;
  const values = columnsOf(known);
  const { rows } = await client.query<{ ms: number | null }>({ name: 'saga-next-timeout', text, values });
  return rows[0]!.ms ?? undefined;
}

/** Locks one instance whose timeout has passed and that nobody else is working on. */
export async function lockTimedOut(client: Client, known: KnownTimeouts): Promise<TimedOut | undefined> {
  const own = `SELECT ${COLUMNS}, timeout_name AS name, timeout_headers AS headers, timeout_at::text AS "timeoutAt",
                      timeout_at AS "dueAt", timeout_attempts AS "timeoutAttempts", false AS "isNamed"
                 FROM saga WHERE timeout_at <= now() + clock_offset() AND ${KNOWN}
                ORDER BY timeout_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  const named = `SELECT ${COLUMNS}, name, headers, due_at::text AS "timeoutAt", due_at AS "dueAt", attempts AS "timeoutAttempts",
                        true AS "isNamed"
                   FROM named_timeout JOIN saga USING (saga, id) WHERE due_at <= now() + clock_offset() AND ${KNOWN_NAMED}
                  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  const values = columnsOf(known);
  const [found] = (await client.query<TimedOut>({ name: 'saga-timed-out', text: own, values })).rows;
  return found ?? (await client.query<TimedOut>({ name: 'saga-timed-out-named', text: named, values })).rows[0];
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
  if (row.isNamed) return await noteNamedFailure(client, row, error, dueInMs);
  await client.query({
    name: 'saga-timeout-failure',
    text: `UPDATE saga SET timeout_at = now() + clock_offset() + $5::float8 * interval '1 ms', timeout_attempts = timeout_attempts + 1,
                  timeout_error = $6, timeline = ${appended('$7::jsonb')}
            WHERE saga = $1 AND id = $2 AND timeout_name = $3 AND timeout_at = $4::timestamptz`,
    values: [row.saga, row.id, row.name, row.timeoutAt, dueInMs ?? null, error, momentOf(row, error)],
  });
}

const momentOf = ({ name }: TimedOut, error: string) => JSON.stringify([{ heard: `timeout ${name}`, error }]);

async function noteNamedFailure(client: Client, row: TimedOut, error: string, dueInMs: number | undefined) {
  await client.query({
    name: 'saga-named-timeout-failure',
    text: `WITH failed AS (
             UPDATE named_timeout SET due_at = now() + clock_offset() + $5::float8 * interval '1 ms', attempts = attempts + 1, error = $6
              WHERE saga = $1 AND id = $2 AND name = $3 AND due_at = $4::timestamptz RETURNING saga, id)
           UPDATE saga SET timeline = ${appended('$7::jsonb')} FROM failed WHERE saga.saga = failed.saga AND saga.id = failed.id`,
    values: [row.saga, row.id, row.name, row.timeoutAt, dueInMs ?? null, error, momentOf(row, error)],
  });
}

/** Makes the timeouts that failed due now, with all their attempts ahead of them. @returns how many */
export async function retryTimeouts(client: Client, id?: string): Promise<number> {
  const text = `
    WITH named AS (
      UPDATE named_timeout SET due_at = now() + clock_offset(), attempts = 0
       WHERE (due_at IS NULL OR attempts > 0) AND ($1::text IS NULL OR id = $1) RETURNING id),
    own AS (
      UPDATE saga SET timeout_at = now() + clock_offset(), timeout_attempts = 0
       WHERE timeout_name IS NOT NULL AND (timeout_at IS NULL OR timeout_attempts > 0)
         AND ($1::text IS NULL OR id = $1) RETURNING id)
    SELECT ((SELECT count(*) FROM named) + (SELECT count(*) FROM own))::int AS count`;
  return (await client.query<{ count: number }>(text, [id ?? null])).rows[0]!.count;
}
