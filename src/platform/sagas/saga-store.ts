import type { ClientBase } from 'pg';
import type { MessageHeaders } from '../transaction/message.js';
import type { Decision, Timeout, When } from './saga.js';
import { currentMessage } from '../messaging/context/context.js';

/** A command that a saga sent, and how it ended. */
export interface Step {
  command: string;
  outcome: 'sent' | 'ok' | 'error' | 'given_up' | 'undone';
  /** It undoes another step. */
  undo?: true;
}

/** What an instance heard, and what it did then. Kept for people. */
export interface TimelineEntry {
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

/** An instance that was loaded, and what is to be saved of it. */
export interface Loaded {
  row: SagaRow;
  /** It was begun just now, and no message has said anything of it yet. */
  blank: boolean;
  moments: TimelineEntry[];
  timeout: Armed;
  /** Those beside it that are armed, and disarmed. */
  timeouts: Map<string, When | null>;
  timeoutHeaders: TimeoutHeaders | null;
}

/** `undefined` leaves the timeout as it is, `null` disarms it; milliseconds are counted from the moment when it is saved. */
type Armed = Timeout | null | undefined;

type Arming = Pick<Decision<unknown>, 'timeout' | 'timeouts'>;

/** An instance that is locked already. */
export const loaded = (row: SagaRow, blank = false): Loaded => {
  return { row, blank, moments: [], timeout: undefined, timeouts: new Map(), timeoutHeaders: null };
};

/**
 * Begins instances, in one statement, and locks them. Messages that waited for them are due with the commit.
 * @returns those that were not begun before
 */
export async function insertSagas(client: ClientBase, saga: string, ids: readonly string[]): Promise<SagaRow[]> {
  const text = `
    WITH roused AS (
      UPDATE parked_message SET due_at = now()
       WHERE consumer = $1 AND ordering_key = ANY ($2) AND state = 'waiting' AND waiting_for IS NOT NULL)
    INSERT INTO saga (saga, id) SELECT $1, id FROM unnest($2::text[]) id ORDER BY id
        ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`;
  return (await client.query<SagaRow>({ name: 'saga-insert', text, values: [saga, ids] })).rows;
}

/** Locks instances, in one statement: the messages of each are taken one at a time. @returns those that exist */
export async function lockSagas(client: ClientBase, saga: string, ids: readonly string[]): Promise<SagaRow[]> {
  const text = `SELECT ${COLUMNS} FROM saga WHERE saga = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE`;
  return (await client.query<SagaRow>({ name: 'saga-lock', text, values: [saga, ids] })).rows;
}

/** Notes what an instance has heard, and what it has decided then. */
export function noteMoment(instance: Loaded, { timeout, timeouts = {} }: Arming, moment: TimelineEntry): void {
  instance.moments.push(moment);
  for (const [name, when] of Object.entries(timeouts)) instance.timeouts.set(name, when);
  if (timeout !== undefined) instance.timeout = timeout;
  if (timeout !== undefined || instance.timeouts.size > 0) instance.timeoutHeaders = headersNow();
}

/** The state of an instance as it is stored: JSON. */
export const storedState = ({ state, unknown }: Pick<SagaRow, 'state' | 'unknown'>): string =>
  JSON.stringify(unknown ? { ...unknown, ...(state as object) } : state);

/** Saves instances of one saga in one statement. */
export async function saveSagas(client: ClientBase, saga: string, instances: readonly Loaded[]): Promise<void> {
  if (instances.length === 0) return;
  const of = <T>(read: (instance: Loaded) => T) => instances.map(read);
  await client.query({
    name: 'saga-save',
    text: `UPDATE saga SET state = s.state, steps = s.steps, status = s.status, updated_at = now(),
                  timeout_name = CASE WHEN s.keep THEN timeout_name ELSE s.timeout END,
                  timeout_at = CASE WHEN s.keep THEN timeout_at ELSE coalesce(s.due_at, clock_timestamp() + clock_offset() + s.after_ms * interval '1 ms') END,
                  timeout_attempts = CASE WHEN s.keep THEN timeout_attempts ELSE 0 END,
                  timeout_error = CASE WHEN s.keep THEN timeout_error END,
                  ended_at = CASE WHEN s.ended THEN coalesce(ended_at, now()) END,
                  timeout_headers = CASE WHEN s.keep THEN timeout_headers ELSE s.headers END,
                  timeline = ${appended('s.moments')}
             FROM unnest($2::text[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::text[], $8::float8[],
                         $9::boolean[], $10::jsonb[], $11::jsonb[], $12::timestamptz[])
               AS s(id, state, steps, status, keep, timeout, after_ms, ended, headers, moments, due_at)
            WHERE saga.saga = $1 AND saga.id = s.id`,
    values: [
      saga,
      of(({ row }) => row.id),
      of(({ row }) => storedState(row)),
      of(({ row }) => JSON.stringify(row.steps)),
      of(({ row }) => row.status),
      of(({ timeout }) => timeout === undefined),
      of(({ timeout }) => timeout?.name ?? null),
      of(({ timeout }) => afterMsOf(timeout)),
      of(({ row }) => row.ended),
      of(({ timeout, timeoutHeaders }) => timeout && timeoutHeaders && JSON.stringify(timeoutHeaders)),
      of(({ moments }) => JSON.stringify(moments)),
      of(({ timeout }) => atOf(timeout)),
    ],
  });
  await saveNamedTimeouts(client, saga, instances);
}

const afterMsOf = (when: When | null | undefined) => (when && 'afterMs' in when ? when.afterMs : null);
const atOf = (when: When | null | undefined) => (when && 'at' in when ? when.at : null);

/** Arms and disarms the timeouts beside those of the rows: two statements at most, none where nothing was decided on them. */
async function saveNamedTimeouts(client: ClientBase, saga: string, instances: readonly Loaded[]): Promise<void> {
  const all = instances.flatMap(({ row, timeouts, timeoutHeaders }) =>
    [...timeouts].map(([name, when]) => ({ id: row.id, name, when, headers: timeoutHeaders })),
  );
  const gone = all.filter(({ when }) => when === null);
  const armed = all.filter(({ when }) => when !== null);
  if (gone.length > 0)
    await client.query({
      name: 'saga-disarm',
      text: `DELETE FROM named_timeout t USING unnest($2::text[], $3::text[]) d (id, name)
              WHERE t.saga = $1 AND t.id = d.id AND t.name = d.name`,
      values: [saga, gone.map(({ id }) => id), gone.map(({ name }) => name)],
    });
  if (armed.length > 0)
    await client.query({
      name: 'saga-arm',
      text: `INSERT INTO named_timeout (saga, id, name, due_at, headers)
             SELECT $1, id, name, coalesce(due_at, clock_timestamp() + clock_offset() + after_ms * interval '1 ms'), headers
               FROM unnest($2::text[], $3::text[], $4::float8[], $5::timestamptz[], $6::jsonb[]) a (id, name, after_ms, due_at, headers)
                 ON CONFLICT (saga, id, name)
                 DO UPDATE SET due_at = excluded.due_at, headers = excluded.headers, attempts = 0, error = NULL`,
      values: [
        saga,
        armed.map(({ id }) => id),
        armed.map(({ name }) => name),
        armed.map(({ when }) => afterMsOf(when)),
        armed.map(({ when }) => atOf(when)),
        armed.map(({ headers }) => headers && JSON.stringify(headers)),
      ],
    });
}

function headersNow(): TimeoutHeaders | null {
  const context = currentMessage();
  return context
    ? { correlationid: context.correlationId, causationid: context.id, traceparent: context.traceparent }
    : null;
}

/** SQL for the timeline with moments more: an expression for an array of them. */
export function appended(moments: string): string {
  const now = `(SELECT coalesce(jsonb_agg(jsonb_build_object('at', clock_timestamp()) || moment ORDER BY nth), '[]')
                  FROM jsonb_array_elements(${moments}) WITH ORDINALITY each(moment, nth))`;
  return `jsonb_path_query_array(timeline || ${now}, '$[last - ${MOMENTS - 1} to last]')`;
}
