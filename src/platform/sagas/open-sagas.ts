import type { ClientBase } from 'pg';
import type { TimelineEntry, SagaRow, Step } from './saga-store.js';

/** An instance that is not done. */
export interface OpenSaga {
  saga: string;
  id: string;
  status: SagaRow['status'];
  /** Milliseconds since it began, and since it last changed. */
  ageMs: number;
  quietMs: number;
  /** Commands without a good answer, the oldest first. */
  open: Step[];
  timeout: SagaTimeout | null;
  /** Those beside it, the next one first. */
  timeouts: SagaTimeout[];
}

export interface SagaTimeout {
  name: string;
  /** Null for a dead letter: it was given up, and waits for a person. */
  at: string | null;
  overdueMs: number | null;
  /** Failed attempts so far. */
  attempts: number;
  /** Why the last one failed. */
  error: string | null;
}

export interface SagaInFull extends OpenSaga {
  state: unknown;
  steps: Step[];
  timeline: (TimelineEntry & { at: string })[];
  startedAt: string;
  endedAt: string | null;
}

type Client = Pick<ClientBase, 'query'>;

const since = (column: string) => `extract(epoch FROM now() - ${column})::float8 * 1000`;
const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const ENTRY = `
  saga, id, status, ${since('started_at')} AS "ageMs", ${since('updated_at')} AS "quietMs", steps,
  CASE WHEN timeout_name IS NOT NULL THEN jsonb_build_object(
    'name', timeout_name, 'at', ${iso('timeout_at')}, 'overdueMs', ${since('timeout_at')},
    'attempts', timeout_attempts, 'error', timeout_error) END AS timeout,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', name, 'at', ${iso('due_at')}, 'overdueMs', ${since('due_at')}, 'attempts', attempts, 'error', error)
            ORDER BY due_at), '[]')
     FROM named_timeout t WHERE t.saga = saga.saga AND t.id = saga.id AND saga.ended_at IS NULL) AS timeouts`;

type Row = OpenSaga & { steps: Step[] };

/** The instances in one module that are not done, those that changed longest ago first. */
export async function listOpenSagas(client: Client, limit: number): Promise<OpenSaga[]> {
  const text = `SELECT ${ENTRY} FROM saga WHERE status <> 'done' ORDER BY updated_at LIMIT $1`;
  const { rows } = await client.query<Row>(text, [limit]);
  return rows.map(({ steps, ...row }) => ({ ...row, open: openSteps(steps) }));
}

/** The instances with this id; more than one where several sagas are about the same thing. */
export async function readSagas(client: Client, id: string): Promise<SagaInFull[]> {
  const text = `SELECT ${ENTRY}, state, timeline, ${iso('started_at')} AS "startedAt", ${iso('ended_at')} AS "endedAt"
                  FROM saga WHERE id = $1 ORDER BY started_at`;
  const { rows } = await client.query<SagaInFull>(text, [id]);
  return rows.map((row) => ({ ...row, open: openSteps(row.steps) }));
}

/** A refused step is an answer; a refused compensation leaves its step undone. */
const openSteps = (steps: readonly Step[]) =>
  steps.filter(({ outcome, undo }) => outcome === 'sent' || outcome === 'given_up' || (undo && outcome === 'error'));

/** A message for an instance, or a command from it, that was put aside. */
export interface BlockedBy {
  /** `module:number` */
  delivery: string;
  saga: string;
  instance: string;
  type: string;
  state: 'waiting' | 'dead';
  attempts: number;
}

/** What was put aside in one module that instances wait for: their commands, and messages their saga could not handle. */
export async function hindrances(client: Client, sagas: readonly OpenSaga[]): Promise<BlockedBy[]> {
  const text = `
    SELECT current_schema() || ':' || p.id AS delivery, s.saga, s.id AS instance, message->>'type' AS type, state, attempts
      FROM parked_message p, LATERAL (SELECT message->'headers'->'replyto' AS replyto) r,
           unnest($1::text[], $2::text[]) s (saga, id)
     WHERE (replyto->>'saga' = s.saga AND replyto->>'id' = s.id)
        OR (consumer = s.saga AND coalesce(ordering_key, message->>'aggregateid') = s.id)`;
  const values = [sagas.map(({ saga }) => saga), sagas.map(({ id }) => id)];
  return (await client.query<BlockedBy>(text, values)).rows;
}
