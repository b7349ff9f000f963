import type { ClientBase } from 'pg';
import type { StoredMessage } from '../../transaction/message.js';
import { PRECEDES } from '../consumer/order.js';

/** A message that was read and has no effect yet, as a person sees it. */
export interface RetryEntry {
  /** `module:number` */
  id: string;
  consumer: string;
  type: string;
  /** What keeps messages in order: producer and aggregate. */
  key: string;
  state: 'waiting' | 'dead';
  /** Failed attempts since it was put aside, or since a person had it tried again. */
  attempts: number;
  /** Milliseconds since it was said. */
  ageMs: number;
  /** Milliseconds to the next attempt, negative when it is due; null for a dead letter, and behind another message. */
  dueInMs: number | null;
  /** What has to happen before the next attempt, besides time; null for nothing. */
  waitsFor: string | null;
  lastError: string | null;
  /** Where in the project's own code the last attempt failed; null where that is not known. */
  frame: string | null;
  /** Names what went wrong, alike for all that failed alike; null for what has not failed. */
  cause: string | null;
}

/** Dead letters of one module that failed alike: same error and place, whatever numbers and ids they name. */
export interface Cause {
  cause: string;
  /** That of the latest. */
  error: string | null;
  frame: string | null;
  count: number;
  consumers: string[];
  types: string[];
  /** Milliseconds since the oldest and the newest were said. */
  oldestMs: number;
  newestMs: number;
}

/** Which messages; what is absent does not matter. */
export interface Selection {
  cause?: string | undefined;
  consumer?: string | undefined;
  type?: string | undefined;
}

export interface RetryEntryDetail extends RetryEntry {
  message: StoredMessage;
  /** Every failed attempt, oldest first. */
  errors: { attempt: number; at: string; error: string; frame?: string }[];
  parkedAt: string;
}

type Client = Pick<ClientBase, 'query'>;

/**
 * What the consumers of this process can handle: `consumer type`. Consumers that are not among them are not judged.
 * What a version of another process would do is not known here.
 */
export interface KnownTypes {
  consumers: readonly string[];
  pairs: readonly string[];
}

/** An outside call is being made for it. */
const LEASED = '(leased_until > now() AND ordering_key IS NULL)';

/** SQL: numbers and ids in an error, and the lines of another build, are no other cause. */
const CAUSE = `(CASE WHEN errors <> '[]' THEN left(encode(sha256(convert_to(regexp_replace(
  concat(errors->-1->>'error', ' ', errors->-1->>'frame'),
  '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]+', '#', 'gi'), 'UTF8')), 'hex'), 10) END)`;
/** Milliseconds since it was said. */
const AGE = `extract(epoch FROM now() - (message->>'created_at')::timestamptz)::float8 * 1000`;
/** `$1` to `$3`: see `selected`. */
const SELECTED = `($1::text IS NULL OR ${CAUSE} = $1) AND ($2::text IS NULL OR consumer = $2) AND ($3::text IS NULL OR type = $3)`;
const selected = ({ cause, consumer, type }: Selection) => [cause ?? null, consumer ?? null, type ?? null];

const ENTRY = `
  current_schema() || ':' || id AS id, consumer, type, key, state, attempts,
  ${AGE} AS "ageMs",
  CASE WHEN state = 'waiting' THEN extract(epoch FROM due_at - now())::float8 * 1000 END AS "dueInMs",
  coalesce('its turn, behind ' || current_schema() || ':' || (
             SELECT e.id FROM parked_message e WHERE ${PRECEDES} ORDER BY e.ordering_rank, e.id LIMIT 1),
           CASE WHEN ${LEASED} THEN 'the end of an attempt that is being made' END,
           CASE WHEN state = 'waiting' AND consumer = ANY ($2) AND concat(consumer, ' ', type) <> ALL ($3)
                THEN 'a version that knows ' || type END,
           waiting_for) AS "waitsFor",
  errors->-1->>'error' AS "lastError", errors->-1->>'frame' AS frame, ${CAUSE} AS cause`;

/** The messages that a module has put aside: dead letters first, the oldest of each first. */
export async function listPutAside(
  client: Client,
  limit: number,
  known: KnownTypes,
): Promise<{ items: RetryEntry[]; total: number }> {
  const text = `SELECT ${ENTRY} FROM parked_message p ORDER BY state, "ageMs" DESC LIMIT $1`;
  const { rows: items } = await client.query<RetryEntry>(text, [limit, known.consumers, known.pairs]);
  const { rows } = await client.query<{ total: number }>('SELECT count(*)::int AS total FROM parked_message');
  return { items, total: rows[0]!.total };
}

export async function readPutAside(
  client: Client,
  id: string,
  known: KnownTypes,
): Promise<RetryEntryDetail | undefined> {
  const text = `SELECT ${ENTRY}, message, errors, parked_at AS "parkedAt" FROM parked_message p WHERE id = $1`;
  const { rows } = await client.query(text, [id, known.consumers, known.pairs]);
  return rows[0] && { ...rows[0], parkedAt: rows[0].parkedAt.toISOString() };
}

/**
 * Makes a message due now, with all its attempts ahead of it. Waits for an attempt that holds it in a transaction.
 * @returns 'busy' while an outside call is being made for it, which this would not change; `undefined` where it is not there
 */
export async function retryPutAside(client: Client, id: string): Promise<'due' | 'busy' | undefined> {
  const text = `WITH free AS (SELECT id AS free FROM parked_message WHERE id = $1 AND NOT coalesce(${LEASED}, false) FOR UPDATE)
                ${RETRY} FROM free WHERE id = free`;
  if ((await client.query(text, [id])).rowCount === 1) return 'due';
  const { rowCount } = await client.query('SELECT FROM parked_message WHERE id = $1', [id]);
  return rowCount === 1 ? 'busy' : undefined;
}

/** Makes the dead letters, and whatever waits for its time, due now. @returns how many */
export async function retrySelected(client: Client, selection: Selection): Promise<number> {
  const text = `${RETRY} WHERE (state = 'dead' OR due_at > now()) AND ${SELECTED}`;
  return (await client.query(text, selected(selection))).rowCount ?? 0;
}

/** The dead letters of a module by what went wrong, the most frequent first. */
export async function listCauses(client: Client): Promise<Cause[]> {
  const text = `
    SELECT ${CAUSE} AS cause, (array_agg(errors->-1->>'error' ORDER BY id DESC))[1] AS error,
           (array_agg(errors->-1->>'frame' ORDER BY id DESC))[1] AS frame, count(*)::int AS count,
           array_agg(DISTINCT consumer) AS consumers, array_agg(DISTINCT type) AS types,
           max(${AGE}) AS "oldestMs", min(${AGE}) AS "newestMs"
      FROM parked_message WHERE state = 'dead' GROUP BY 1 ORDER BY count DESC`;
  return (await client.query<Cause>(text)).rows;
}

/** The ids of dead letters, the oldest first. */
export async function selectDead(client: Client, selection: Selection): Promise<string[]> {
  const text = `SELECT id::text FROM parked_message WHERE state = 'dead' AND ${SELECTED} ORDER BY parked_message.id`;
  return (await client.query<{ id: string }>(text, selected(selection))).rows.map(({ id }) => id);
}

/** An attempt that is being made keeps its lease. */
const RETRY = `UPDATE parked_message SET state = 'waiting', attempts = 0, due_at = now(), waiting_for = NULL`;

export interface Discarded {
  consumer: string;
  message: StoredMessage;
  state: RetryEntry['state'];
  lastError: string | null;
}

/**
 * Removes a message for good, in the transaction of `client`. Waits for an attempt that holds it in a transaction.
 * @returns 'busy' while an outside call is being made for it
 */
export async function removePutAside(client: Client, id: string): Promise<Discarded | 'busy' | undefined> {
  const text = `SELECT consumer, message, state, errors->-1->>'error' AS "lastError", coalesce(${LEASED}, false) AS busy
                  FROM parked_message WHERE id = $1 FOR UPDATE`;
  const { rows } = await client.query<Discarded & { busy: boolean }>(text, [id]);
  if (!rows[0]) return undefined;
  const { busy, ...entry } = rows[0];
  if (busy) return 'busy';
  await client.query('DELETE FROM parked_message WHERE id = $1', [id]);
  return entry;
}
