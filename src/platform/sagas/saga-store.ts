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
  /** Fields of the stored state that this version does not know: they are kept for one that does. */
  unknown?: object;
  steps: Step[];
  status: 'running' | 'compensating' | 'done';
  /** It has decided that nothing more is to be done. */
  ended: boolean;
  timeout_name: string | null;
  /** Of the message that armed the timeout; null where none did since this is kept. */
  timeout_headers: TimeoutHeaders | null;
}

type TimeoutHeaders = Pick<MessageHeaders, 'correlationid' | 'causationid' | 'traceparent'>;

export const COLUMNS = 'saga, id, state, steps, status, ended_at IS NOT NULL AS ended, timeout_name, timeout_headers';

/**
 * Begins an instance, and locks it. Messages that waited for it are due with the commit.
 * @returns `undefined` when it was begun already
 */
export async function insertSaga(client: ClientBase, saga: string, id: string): Promise<SagaRow | undefined> {
  const text = `
    WITH roused AS (
      UPDATE parked_message SET due_at = now()
       WHERE consumer = $1 AND ordering_key = $2 AND state = 'waiting' AND waiting_for IS NOT NULL)
    INSERT INTO saga (saga, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`;
  return (await client.query<SagaRow>({ name: 'saga-insert', text, values: [saga, id] })).rows[0];
}

/** Locks an instance: its messages are taken one at a time. */
export async function lockSaga(client: ClientBase, saga: string, id: string): Promise<SagaRow | undefined> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE saga = $1 AND id = $2 FOR UPDATE`;
  return (await client.query<SagaRow>({ name: 'saga-lock', text, values: [saga, id] })).rows[0];
}

/**
 * @param timeout `undefined` leaves it as it is, `null` disarms it; else it is counted from the decision, however long the
 *   transaction has been open
 */
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
                  timeout_at = CASE WHEN $6 THEN timeout_at ELSE clock_timestamp() + $8::float8 * interval '1 ms' END,
                  timeout_attempts = CASE WHEN $6 THEN timeout_attempts ELSE 0 END,
                  timeout_error = CASE WHEN $6 THEN timeout_error END,
                  ended_at = CASE WHEN $9 THEN coalesce(ended_at, now()) END,
                  timeout_headers = CASE WHEN $6 THEN timeout_headers ELSE $11::jsonb END,
                  timeline = ${appended('$10')}
            WHERE saga = $1 AND id = $2`,
    values: [
      row.saga,
      row.id,
      JSON.stringify(row.unknown ? { ...row.unknown, ...(row.state as object) } : row.state),
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

/** SQL for the timeline with one moment more. */
export function appended(moment: string): string {
  const kept = `CASE WHEN jsonb_array_length(timeline) < ${MOMENTS} THEN timeline ELSE timeline - 0 END`;
  return `${kept} || jsonb_build_array(jsonb_build_object('at', clock_timestamp()) || ${moment}::jsonb)`;
}
