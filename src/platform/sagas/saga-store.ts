import type { ClientBase } from 'pg';
import type { MessageHeaders } from '../delivery/message.js';
import { currentMessage } from '../messaging/context.js';

/** A command that a saga sent, and how it ended. */
export interface Step {
  command: string;
  outcome: 'sent' | 'ok' | 'error' | 'given_up' | 'undone';
  /** It undoes another step. */
  undo?: true;
}

/** What an instance heard, and what it did then. Kept for people. */
export interface Moment {
  heard: string;
  sent?: string[];
  timeout?: string;
  error?: string;
}

/** So many moments are kept of an instance, the latest. */
const MOMENTS = 100;

export interface SagaRow {
  saga: string;
  id: string;
  state: unknown;
  steps: Step[];
  status: 'running' | 'compensating' | 'done';
  /** It has decided that nothing more is to be done. */
  ended: boolean;
  timeout_name: string | null;
  /** Of the message that armed the timeout; null where none did since this is kept. */
  timeout_headers: TimeoutHeaders | null;
}

type TimeoutHeaders = Pick<MessageHeaders, 'correlationid' | 'causationid' | 'traceparent'>;

const COLUMNS = 'saga, id, state, steps, status, ended_at IS NOT NULL AS ended, timeout_name, timeout_headers';

/** Begins an instance, and locks it. @returns `undefined` when it was begun already */
export async function insertSaga(client: ClientBase, saga: string, id: string): Promise<SagaRow | undefined> {
  const text = `INSERT INTO saga (saga, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`;
  return (await client.query<SagaRow>({ name: 'saga-insert', text, values: [saga, id] })).rows[0];
}

/** Locks an instance: its messages are taken one at a time. */
export async function lockSaga(client: ClientBase, saga: string, id: string): Promise<SagaRow | undefined> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE saga = $1 AND id = $2 FOR UPDATE`;
  return (await client.query<SagaRow>({ name: 'saga-lock', text, values: [saga, id] })).rows[0];
}

/** Milliseconds until the next timeout of these sagas, negative when it has passed; `undefined` when none is set. */
export async function nextTimeoutMs(
  client: Pick<ClientBase, 'query'>,
  sagas: readonly string[],
): Promise<number | undefined> {
  const text = `SELECT extract(epoch FROM min(timeout_at) - now())::float8 * 1000 AS ms FROM saga
                 WHERE timeout_at IS NOT NULL AND saga = ANY ($1)`;
  const { rows } = await client.query<{ ms: number | null }>({ name: 'saga-next-timeout', text, values: [sagas] });
  return rows[0]!.ms ?? undefined;
}

/** Locks one instance whose timeout has passed and that nobody else is working on. */
export async function lockTimedOut(client: ClientBase, sagas: readonly string[]): Promise<SagaRow | undefined> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE timeout_at <= now() AND saga = ANY ($1)
                 ORDER BY timeout_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return (await client.query<SagaRow>({ name: 'saga-timed-out', text, values: [sagas] })).rows[0];
}

/** @param timeout `undefined` leaves it as it is, `null` disarms it */
export async function saveSaga(
  client: ClientBase,
  row: SagaRow,
  timeout: { name: string; afterMs: number } | null | undefined,
  moment: Moment,
): Promise<void> {
  const keep = timeout === undefined;
  await client.query({
    name: 'saga-save',
    text: `UPDATE saga SET state = $3, steps = $4, status = $5, updated_at = now(),
                  timeout_name = CASE WHEN $6 THEN timeout_name ELSE $7 END,
                  timeout_at = CASE WHEN $6 THEN timeout_at ELSE now() + $8::float8 * interval '1 ms' END,
                  ended_at = CASE WHEN $9 THEN coalesce(ended_at, now()) END,
                  timeout_headers = CASE WHEN $6 THEN timeout_headers ELSE $11::jsonb END,
                  timeline = ${appended('$10')}
            WHERE saga = $1 AND id = $2`,
    values: [
      row.saga,
      row.id,
      JSON.stringify(row.state),
      JSON.stringify(row.steps),
      row.status,
      keep,
      timeout?.name ?? null,
      timeout?.afterMs ?? null,
      row.ended,
      JSON.stringify(moment),
      timeout ? JSON.stringify(headersNow()) : null,
    ],
  });
}

function headersNow(): TimeoutHeaders | null {
  const context = currentMessage();
  return context
    ? { correlationid: context.correlationId, causationid: context.id, traceparent: context.traceparent }
    : null;
}

/** Has a timeout that could not be handled tried again, so that it does not hold up those of other instances. */
export async function postponeTimeout(
  client: ClientBase,
  row: SagaRow,
  afterMs: number,
  moment: Moment,
): Promise<void> {
  await client.query({
    name: 'saga-postpone',
    text: `UPDATE saga SET timeout_at = now() + $3 * interval '1 ms', timeline = ${appended('$4')} WHERE saga = $1 AND id = $2`,
    values: [row.saga, row.id, afterMs, JSON.stringify(moment)],
  });
}

function appended(moment: string): string {
  const kept = `CASE WHEN jsonb_array_length(timeline) < ${MOMENTS} THEN timeline ELSE timeline - 0 END`;
  return `${kept} || jsonb_build_array(jsonb_build_object('at', clock_timestamp()) || ${moment}::jsonb)`;
}
