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
}

export interface RetryEntryDetail extends RetryEntry {
  message: StoredMessage;
  /** Every failed attempt, oldest first. */
  errors: { attempt: number; at: string; error: string }[];
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

const ENTRY = `
  current_schema() || ':' || id AS id, consumer, type, key, state, attempts,
  extract(epoch FROM now() - (message->>'created_at')::timestamptz)::float8 * 1000 AS "ageMs",
  CASE WHEN state = 'waiting' THEN extract(epoch FROM due_at - now())::float8 * 1000 END AS "dueInMs",
  coalesce('its turn, behind ' || current_schema() || ':' || (
             SELECT e.id FROM parked_message e WHERE ${PRECEDES} ORDER BY e.ordering_rank, e.id LIMIT 1),
           CASE WHEN ${LEASED} THEN 'the end of an attempt that is being made' END,
           CASE WHEN state = 'waiting' AND consumer = ANY ($2) AND concat(consumer, ' ', type) <> ALL ($3)
                THEN 'a version that knows ' || type END,
           waiting_for) AS "waitsFor",
  errors->-1->>'error' AS "lastError"`;

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

/** Makes every dead letter, and whatever waits for its time, due now. @returns how many */
export async function retryAllPutAside(client: Client): Promise<number> {
  return (await client.query(`${RETRY} WHERE state = 'dead' OR due_at > now()`)).rowCount ?? 0;
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
