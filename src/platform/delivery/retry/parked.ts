import type { ClientBase } from 'pg';
import { describeError, ownFrame } from '../../messaging/describe-error.js';
import { storable } from '../../messaging/plain/storable.js';
import { keyOf } from '../consumer/consumer.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { Ordered } from '../consumer/order.js';
import { placesOf, PRECEDED } from '../consumer/order.js';

/**
 * The work table of a module: messages that wait for a later attempt, for an outside call, or, as dead letters, for a
 * person. They are copies, so that the producer's retention cannot take them.
 */
export interface ParkedMessage {
  id: string;
  consumer: string;
  message: StoredMessage;
  /** Failed attempts so far. */
  attempts: number;
  /** How often it was begun since an attempt has ended, this time included: see `unfinished.ts`. */
  begun: number;
  /** Milliseconds since it was parked. */
  waitedMs: number;
}

interface Parking {
  message: StoredMessage;
  /** Milliseconds until the next attempt. */
  dueInMs: number;
  /** What went wrong; absent for a message that only waits for its turn. */
  error?: Failure;
  /** What has to happen before it can be handled, besides time. */
  waitsFor?: string;
}

/** What went wrong in an attempt, for a person. */
interface Failure {
  error: string;
  /** Where in the project's own code. */
  frame?: string | undefined;
}

/** @param error whatever was thrown */
export const failureOf = (error: unknown): Failure => ({ error: describeError(error), frame: ownFrame(error) });

/**
 * A saga's message that has not failed is left alone for so long by version 0.1.0, which does not know what it waits for
 * and would drop it.
 */
const SHIELD_MS = 3_600_000;

export async function park(
  client: ClientBase,
  consumer: Ordered,
  { message, dueInMs, error, waitsFor }: Parking,
): Promise<void> {
  const own = consumer.order?.(message);
  await client.query({
    name: 'park',
    text: `INSERT INTO parked_message (consumer, producer, seq, message_id, key, message, attempts, errors,
                  ordering_key, ordering_rank, waiting_for, leased_until, due_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11, $12,
                   CASE WHEN $10::text IS NOT NULL AND $7 = 0 THEN now() + ${SHIELD_MS} * interval '1 ms' END,
                   CASE WHEN NOT EXISTS (
                     SELECT FROM parked_message WHERE consumer = $1 AND ordering_key = $10 AND ordering_rank <= $11)
                   AND NOT EXISTS (SELECT FROM parked_message WHERE consumer = $1 AND ordering_key IS NULL AND key = $5)
                   THEN now() + $9 * interval '1 ms' END)
           ON CONFLICT (consumer, producer, seq) DO NOTHING`,
    values: [
      consumer.name,
      message.producer,
      message.seq,
      message.id,
      keyOf(message),
      JSON.stringify(message),
      error === undefined ? 0 : 1,
      JSON.stringify(error === undefined ? [] : [failure(1, error)]),
      dueInMs,
      own?.key ?? null,
      own?.begins ? 0 : 1,
      waitsFor ?? null,
    ],
  });
}

/** Which parked messages a replica may take. */
export interface Taker {
  consumer: string;
  /** The types that its version knows. */
  types: readonly string[];
  /**
   * So many milliseconds after its turn has come it takes a message, to give it up, that neither it nor any other running
   * replica knows; `undefined` where such a message is left to wait.
   */
  strangersAfterMs?: number | undefined;
}

const values = ({ consumer, types, strangersAfterMs }: Taker) => [consumer, types, strangersAfterMs ?? null];

/**
 * A message is due when it is the oldest parked one of its key. Those behind it have no time yet, so that thousands of
 * them need not be looked through: {@link releaseNext} gives the next one its time. One of a type that this version does not
 * know is left to one that does.
 */
const dueOf = (known: string) => `
    FROM parked_message p
   WHERE consumer = $1 AND state = 'waiting' AND due_at <= now() AND ${known}
     AND (leased_until IS NULL OR leased_until <= now() OR ordering_key IS NOT NULL) AND NOT ${PRECEDED}`;
const KNOWN = `(type = ANY ($2) AND $3::float8 IS NULL)`;
const KNOWN_OR_STRANGE = `
  (type = ANY ($2) OR (due_at < now() - $3::float8 * interval '1 ms' AND NOT EXISTS (
     SELECT FROM consumer_type t
      WHERE t.consumer = p.consumer AND t.type = p.type AND t.seen_at > now() - $3::float8 * interval '1 ms')))`;

const ENTRY = `id::text, consumer, message, attempts, begun,
  extract(epoch FROM clock_timestamp() - parked_at)::float8 * 1000 AS "waitedMs"`;

/** Two statements, so that the index serves the one that everybody uses. */
function prepared(name: string, text: (due: string) => string): (taker: Taker) => { name: string; text: string } {
  const [plain, strange] = [KNOWN, KNOWN_OR_STRANGE].map((known) => text(dueOf(known)));
  return ({ strangersAfterMs }) =>
    strangersAfterMs === undefined ? { name, text: plain! } : { name: `${name}-strange`, text: strange! };
}

const take = (due: string, limit: string) => `SELECT id ${due} ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
/** Those that were begun without an end are taken one at a time: one of them may be what ends the process. */
const LEASE = prepared(
  'parked-lease',
  (due) => `UPDATE parked_message SET leased_until = now() + $5 * interval '1 ms', begun = begun + 1
             WHERE id = ANY (ARRAY(${take(`${due} AND begun = 0`, '$4')}) || ARRAY(${take(`${due} AND begun > 0`, '$6')}))
            RETURNING ${ENTRY}`,
);
/** How long a claim holds until its transaction has locked the message, in milliseconds. */
const CLAIM_MS = 1000;
const CLAIM = prepared(
  'parked-claim',
  (due) => `UPDATE parked_message SET claimed_until = now() + ${CLAIM_MS} * interval '1 ms', begun = begun + 1
             WHERE id = ANY (ARRAY(${take(`${due} AND (claimed_until IS NULL OR claimed_until <= now())`, '1')}))
            RETURNING ${ENTRY}`,
);
const NEXT_DUE = prepared(
  'parked-glance',
  (due) => `SELECT EXISTS (SELECT ${due}) AS due,
                   EXISTS (SELECT FROM parked_message WHERE consumer = $1 AND ordering_key IS NULL) AS "byKey",
                   extract(epoch FROM least(
                     (SELECT due_at FROM parked_message
                       WHERE consumer = $1 AND state = 'waiting' AND due_at > now() ORDER BY due_at LIMIT 1),
                     (SELECT min(leased_until) FROM parked_message
                       WHERE consumer = $1 AND state = 'waiting' AND due_at <= now() AND leased_until > now())
                   ) - now())::float8 * 1000 AS "nextMs"`,
);

/** Notes, by itself, that the next due message is begun: if the process dies of it, that is known. */
export async function claimDue(client: Pick<ClientBase, 'query'>, taker: Taker): Promise<ParkedMessage | undefined> {
  return (await client.query<ParkedMessage>({ ...CLAIM(taker), values: values(taker) })).rows[0];
}

/**
 * Locks a claimed message for the transaction of `client`.
 * @returns its failed attempts, which a person may have set back; `undefined` where another replica has it by now
 */
export async function lockClaimed(client: ClientBase, { id, begun }: ParkedMessage): Promise<number | undefined> {
  const text = `SELECT attempts FROM parked_message WHERE id = $1 AND begun = $2 AND state = 'waiting' FOR UPDATE SKIP LOCKED`;
  const { rows } = await client.query<{ attempts: number }>({ name: 'parked-lock', text, values: [id, begun] });
  return rows[0]?.attempts;
}

/**
 * Takes due messages for an outside call. A worker that dies loses its lease after `leaseMs`; the call is then made again.
 * @param limits `suspects`: how many at most of those that were begun without an end
 */
export async function leaseDue(
  client: Pick<ClientBase, 'query'>,
  taker: Taker,
  { limit, suspects, leaseMs }: { limit: number; suspects: number; leaseMs: number },
): Promise<ParkedMessage[]> {
  const all = [...values(taker), limit, leaseMs, suspects];
  return (await client.query<ParkedMessage>({ ...LEASE(taker), values: all })).rows;
}

/** Keeps the leases of messages whose calls still run. */
export async function renewLeases(
  client: Pick<ClientBase, 'query'>,
  ids: readonly string[],
  leaseMs: number,
): Promise<void> {
  const text = `UPDATE parked_message SET leased_until = now() + $2 * interval '1 ms' WHERE id = ANY ($1)`;
  await client.query({ name: 'parked-renew', text, values: [ids, leaseMs] });
}

interface NextDue {
  due: boolean;
  nextMs: number | null;
  /** Whether any is kept in order by its key. */
  byKey: boolean;
}

/** Looks, in one statement, whether a message of a consumer is due, and else in how many milliseconds one may be. */
export async function nextDue(client: Pick<ClientBase, 'query'>, taker: Taker): Promise<NextDue> {
  return (await client.query<NextDue>({ ...NEXT_DUE(taker), values: values(taker) })).rows[0]!;
}

export async function complete(client: Pick<ClientBase, 'query'>, id: string): Promise<void> {
  await client.query({ name: 'parked-settle', text: 'DELETE FROM parked_message WHERE id = $1', values: [id] });
}

/**
 * Makes the oldest message of each key due, if it waited behind another one until now. To be called after the commit
 * that took messages away, and after the one that put messages behind others: the later of two such sees both.
 */
export async function releaseNext(
  client: Pick<ClientBase, 'query'>,
  consumer: Ordered,
  messages: readonly StoredMessage[],
): Promise<void> {
  const text = `
    UPDATE parked_message SET due_at = now() WHERE due_at IS NULL AND state = 'waiting' AND id IN (
      SELECT oldest.id FROM unnest($2::text[]) AS behind (key), LATERAL (
        SELECT id FROM parked_message WHERE consumer = $1 AND ordering_key IS NULL AND key = behind.key
         ORDER BY seq LIMIT 1) oldest
      UNION ALL
      SELECT first.id FROM unnest($3::text[]) AS behind (key), LATERAL (
        SELECT id FROM parked_message WHERE consumer = $1 AND ordering_key = behind.key
         ORDER BY ordering_rank, id LIMIT 1) first)`;
  await client.query({ name: 'parked-rouse', text, values: [consumer.name, ...placesOf(consumer, messages)] });
}

/**
 * Does the same for all, as after a crash between the commit and {@link releaseNext}; also for what waits for an instance that
 * began in a transaction beside its own.
 */
export async function releaseAll(client: Pick<ClientBase, 'query'>): Promise<void> {
  const text = `UPDATE parked_message p SET due_at = now()
                 WHERE state = 'waiting' AND NOT ${PRECEDED}
                   AND (due_at IS NULL OR (due_at > now() AND ordering_key IS NOT NULL AND waiting_for IS NOT NULL
                          AND EXISTS (SELECT FROM saga WHERE saga = p.consumer AND id = p.ordering_key)))`;
  await client.query({ name: 'parked-rouse-all', text });
}

/** Puts a message back without counting a failure. */
export async function postpone(
  client: Pick<ClientBase, 'query'>,
  id: string,
  afterMs: number,
  waitingFor: string,
): Promise<void> {
  const text = `UPDATE parked_message SET due_at = now() + $2 * interval '1 ms', waiting_for = $3, begun = 0, claimed_until = NULL,
                       leased_until = CASE WHEN ordering_key IS NOT NULL THEN leased_until END WHERE id = $1`;
  await client.query({ name: 'parked-postpone', text, values: [id, afterMs, storable(waitingFor)] });
}

/**
 * Notes a failed attempt. `dueInMs` undefined makes it a dead letter.
 * @param begun how often it counts as begun without an end
 */
export async function noteFailure(
  client: Pick<ClientBase, 'query'>,
  parked: ParkedMessage,
  error: Failure,
  dueInMs: number | undefined,
  begun = 0,
): Promise<void> {
  const attempt = parked.attempts + 1;
  await client.query({
    name: 'parked-failure',
    text: `UPDATE parked_message
              SET attempts = $2, errors = errors || $3::jsonb, leased_until = NULL, claimed_until = NULL, waiting_for = NULL, begun = $5,
                  state = CASE WHEN $4::float8 IS NULL THEN 'dead' ELSE 'waiting' END,
                  due_at = now() + coalesce($4::float8, 0) * interval '1 ms'
            WHERE id = $1`,
    values: [parked.id, attempt, JSON.stringify([failure(attempt, error)]), dueInMs ?? null, begun],
  });
}

function failure(attempt: number, { error, frame }: Failure) {
  return { attempt, at: new Date().toISOString(), error, frame };
}
