import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { Conflict } from '../../messaging/errors.js';
import type { Database } from '../../transaction/database.js';
import type { Heard } from '../checkpoint/heard.js';
import { EVERYTHING_READ, HEARD_OF_ROW, merged } from '../checkpoint/heard.js';
import type { Holding } from './holders.js';
import { noteHolders } from './holders.js';
import type { Partitions } from '../../schema/outbox-partitions.js';
import {
  currentPartition,
  dropPartition,
  makeRoom,
  partitionName,
  partitionsOf,
  startNextPartition,
} from '../../schema/outbox-partitions.js';

export interface RetentionOptions {
  /**
   * How long delivered messages, outcomes of commands and sagas that are done are kept at least: milliseconds. Outcomes that
   * a client's key leads to, no longer; those of commands that a message may repeat, beyond the end of that message.
   */
  keepMs: number;
  /** Rows of a partition of an outbox. */
  partitionRows: number;
}

/** A quiet outbox opens a partition every keepMs/7, so rows outlive keepMs by at most 1/7. */
const PARTITIONS_PER_RETENTION = 7;
/** Outcomes are forgotten so many at a time. */
const CHUNK = 5000;
/** Any number: with the schema's name it names the lock. */
const LOCK = 7_166_003;
/** How long to wait for it, and how often to ask, in milliseconds. */
const LOCK_TIMEOUT_MS = 60_000;
const LOCK_INTERVAL_MS = 50;

/**
 * Looks after the outbox of one producer: there is room for what comes, and what is done with goes. Nothing is done while
 * another process is at it.
 *
 * A partition goes when all its rows are older than `keepMs` and every known consumer has passed them. A consumer is known
 * from the first time it is reported here, by whatever process runs it, until a person forgets it: while its module does
 * not run anywhere, nothing that it has not read is dropped.
 *
 * @param readers the databases of the modules in this process; their progress is reported
 * @param held what these modules hold
 * @returns whether it was done: `false` while another process is at it
 */
export async function keepOutbox(
  producer: Database,
  readers: readonly Database[],
  options: RetentionOptions,
  held: readonly Holding[],
): Promise<boolean> {
  const done = await withRetentionLock(producer, 'try', async (client) => {
    await noteHolders(client, held);
    for (const reader of readers) await report(client, await progressOf(reader, producer.module));
    if (!(await isMoving(client))) await keepPartitions(client, options);
    await forgetOutcomes(client, options.keepMs);
    await retireSagas(client, options.keepMs);
    return true;
  });
  return done ?? false;
}

async function keepPartitions(client: ClientBase, { partitionRows, keepMs }: RetentionOptions): Promise<void> {
  if ((await makeRoom(client, partitionRows)) && (await pageIsOld(client, keepMs))) await startNextPartition(client);
  await retire(client, keepMs);
}

/** While a cut-over of the module is under way both sides keep the partitions that they have: replication does not carry them. */
async function isMoving(client: ClientBase): Promise<boolean> {
  const text = `SELECT to_regclass('cutover_state') IS NOT NULL AS moving`;
  return (await client.query<{ moving: boolean }>(text)).rows[0]!.moving;
}

/**
 * Runs `work` while nobody retires rows of this outbox, on a connection to it.
 * @returns `undefined` when another process holds them, and `patience` is 'try'
 * @throws Conflict when it still does after a minute
 */
export async function withRetentionLock<T>(
  producer: Pick<Database, 'session'>,
  patience: 'try' | 'wait',
  work: (client: ClientBase) => Promise<T>,
): Promise<T | undefined> {
  return await producer.session(async (client) => {
    if (!(await take(client, patience))) return undefined;
    // Where it fails the connection is closed, and gives up its lock.
    const result = await work(client);
    await client.query(`SELECT pg_advisory_unlock(${LOCK}, hashtext(current_schema()))`);
    return result;
  });
}

/** Asks again and again: a statement that waits for a lock looks like one whose connection is lost. */
async function take(client: ClientBase, patience: 'try' | 'wait'): Promise<boolean> {
  const text = `SELECT pg_try_advisory_lock(${LOCK}, hashtext(current_schema())) AS taken`;
  for (const until = Date.now() + LOCK_TIMEOUT_MS; ; await delay(LOCK_INTERVAL_MS)) {
    const { rows } = await client.query<{ taken: boolean }>(text);
    if (rows[0]!.taken || patience === 'try') return rows[0]!.taken;
    if (Date.now() > until)
      throw new Conflict('outbox_busy', 'Another process works on old messages of this outbox. Try again in a minute.');
  }
}

interface Progress {
  consumer: string;
  position: string;
  /** Absent in a report of a version that knows its slowest share only. */
  heard?: Heard[] | undefined;
  /** Names that the consumer had before: nothing is kept for them any more. */
  formerly?: string[] | undefined;
}

/** How far the consumers of a module have come with a producer. One whose covered set is empty has read everything. */
export async function progressOf(reader: Database, producer: string): Promise<Progress[]> {
  const text = `
    SELECT consumer,
           CASE WHEN (SELECT bool_and(handled IS NOT NULL) FROM consumer_type t
                       WHERE t.consumer = p.consumer AND t.producer = $1)
                THEN ${EVERYTHING_READ} ELSE min(position) END AS position,
           ${HEARD_OF_ROW} AS heard,
           (SELECT coalesce(array_agg(former), '{}') FROM consumer_alias a WHERE a.name = p.consumer) AS formerly
      FROM consumer_progress p WHERE producer = $1 GROUP BY consumer`;
  return (await reader.pool.query<Progress>({ name: 'progress-of', text, values: [producer] })).rows;
}

/** Tells a producer how far its consumers have come. `client` is the producer's. */
export async function report(client: Pick<ClientBase, 'query'>, progress: readonly Progress[]): Promise<void> {
  const text = `
    WITH former AS (DELETE FROM outbox_reader WHERE consumer = ANY ($3))
    INSERT INTO outbox_reader (consumer, position, heard) SELECT * FROM unnest($1::text[], $2::bigint[], $4::jsonb[])
    ON CONFLICT (consumer) DO UPDATE SET position = EXCLUDED.position, moved_at = now(),
       heard = ${merged('outbox_reader.heard', 'EXCLUDED.heard')}
     WHERE outbox_reader.position <> EXCLUDED.position OR NOT outbox_reader.heard @> EXCLUDED.heard`;
  const former = progress.flatMap(({ formerly = [] }) => formerly);
  const heard = progress.map((row) => JSON.stringify(row.heard ?? slowest(row)));
  const values = [progress.map((row) => row.consumer), progress.map((row) => row.position), former, heard];
  if (progress.length > 0) await client.query({ name: 'reader-report', text, values });
}

const slowest = ({ position }: Progress): Heard[] =>
  position === EVERYTHING_READ ? [] : [{ part: 0, of: 1, position: Number(position) }];

async function retire(client: ClientBase, keepMs: number): Promise<void> {
  const state = await partitionsOf(client);
  for (const from of finished(state)) {
    const mayGo = () => isDoneWith(client, from, keepMs);
    if (!(await mayGo()) || !(await dropPartition(client, from, mayGo))) return;
  }
}

const finished = (state: Partitions) => state.from.filter((from) => from < currentPartition(state));

async function isDoneWith(client: ClientBase, from: number, keepMs: number): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean }>(
    `SELECT created_at < now() - $1 * interval '1 ms'
            AND coalesce((SELECT min(position) FROM outbox_reader) >= newest.seq, true) AS done
       FROM ${partitionName(from)} newest ORDER BY seq DESC LIMIT 1`,
    [keepMs],
  );
  return rows[0]?.done ?? true;
}

async function pageIsOld(client: ClientBase, keepMs: number): Promise<boolean> {
  const { rows } = await client.query<{ old: boolean }>(
    `SELECT created_at < now() - $1 * interval '1 ms' AS old
       FROM ${partitionName(currentPartition(await partitionsOf(client)))} ORDER BY seq LIMIT 1`,
    [keepMs / PARTITIONS_PER_RETENTION],
  );
  return rows[0]?.old ?? false;
}

/**
 * A client repeats a command while it waits; a message that some module holds repeats its commands however late. So their
 * outcomes go when they are older by `keepMs` than the oldest of these messages, and than the last report of each module:
 * of one that does not report it is not known what it holds. Everything is reckoned by the clock of this server.
 */
async function forgetOutcomes(client: ClientBase, keepMs: number): Promise<void> {
  const nobodysMessage = `least(now(), (SELECT least(min(oldest_at), min(reported_at)) FROM message_holder))`;
  await forgetBefore(client, keepMs, `repeated_by = 'client' AND created_at < now() - $1 * interval '1 ms'`);
  await forgetBefore(client, keepMs, `created_at < ${nobodysMessage} - $1 * interval '1 ms'`);
}

async function forgetBefore(client: ClientBase, keepMs: number, condition: string): Promise<void> {
  const text = `
    DELETE FROM command_outcome WHERE (type, key) IN (
      SELECT type, key FROM command_outcome WHERE ${condition} ORDER BY created_at LIMIT ${CHUNK})`;
  while ((await client.query(text, [keepMs])).rowCount === CHUNK);
}

/** A saga that is done goes when nothing can reach it any more: no answer, no timeout and no parked message is for it. */
async function retireSagas(client: ClientBase, keepMs: number): Promise<void> {
  const text = `
    DELETE FROM saga WHERE (saga, id) IN (
      SELECT saga, id FROM saga s
       WHERE status = 'done' AND ended_at < now() - $1 * interval '1 ms' AND updated_at < now() - $1 * interval '1 ms'
         AND timeout_name IS NULL AND NOT steps @> '[{"outcome": "sent"}]'
         AND NOT EXISTS (SELECT FROM parked_message p WHERE consumer = s.saga AND s.id IN (ordering_key, message->>'aggregateid'))
       ORDER BY ended_at LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED)`;
  while ((await client.query(text, [keepMs])).rowCount === CHUNK);
}
