import type { Pool } from 'pg';
import type { Database } from '../../transaction/database.js';
import type { Consumer } from '../consumer/consumer.js';
import type { ConsumerLoop } from '../consumer/consumer-loop.js';
import type { Checkpoint, Typed } from '../checkpoint/coverage.js';
import { filterOf, stageOf } from '../checkpoint/coverage.js';
import type { FeedFilter } from '../feed/feed.js';

/** What the figures are read from: the consumers of this process and the databases of the modules. */
export interface DeliverySource {
  readonly consumers: readonly Consumer[];
  /** The modules whose outboxes can be looked at from here; of the others only the feed is known. */
  readonly running: ReadonlySet<string>;
  readonly loops: readonly ConsumerLoop[];
  database(module: string): Database;
}

export interface Lag {
  consumer: string;
  producer: string;
  /** Messages in the producer's outbox that this consumer has not taken yet; null when it lies in another process. */
  waiting: number | null;
  /** Age of the oldest of them in milliseconds; null when none is known to wait. */
  oldestMs: number | null;
}

/** A message that has no effect yet. */
interface Undelivered {
  consumer: string;
  /** Milliseconds since it was said. */
  ageMs: number;
  /** Whether it was read and put aside, as opposed to not read yet. */
  parked: boolean;
}

/** How far each consumer of `module` is behind each of its producers. Counts every message: for people, not for polls. */
export async function lagOf(source: DeliverySource, module: string): Promise<Lag[]> {
  return await Promise.all(
    (await standings(source, module)).map(async ({ consumer, producer, ...from }) => {
      if (!source.running.has(producer)) return { consumer, producer, waiting: null, oldestMs: null };
      return { consumer, producer, ...(await behind(source.database(producer).pool, from)) };
    }),
  );
}

/**
 * The oldest message that has no effect in `module` yet: unread, parked or dead. One that waits for the outside by its own
 * wish (`RetryLater`) is no delay.
 */
export async function oldestOf(source: DeliverySource, module: string): Promise<Undelivered | undefined> {
  const unread = await Promise.all(
    (await standings(source, module)).map(async ({ consumer, producer, ...from }) => {
      const here = source.running.has(producer);
      const ageMs = here
        ? await ageOfNext(source.database(producer).pool, from)
        : sinceFresh(source, consumer, producer);
      return ageMs === undefined ? [] : [{ consumer, ageMs, parked: false }];
    }),
  );
  const parked = await source.database(module).pool.query<Undelivered>(OLDEST_PARKED);
  return [...unread.flat(), ...parked.rows].sort((a, b) => b.ageMs - a.ageMs)[0];
}

/** The age of the oldest message that has no effect in `module` yet. @returns milliseconds; null when there is none */
export async function oldestUndelivered(source: DeliverySource, module: string): Promise<number | null> {
  const oldest = await oldestOf(source, module);
  return oldest ? Math.round(oldest.ageMs) : null;
}

/** For a remote producer only the end of its feed is known: age = time since the consumer was last caught up. */
function sinceFresh({ loops }: DeliverySource, consumer: string, producer: string): number | undefined {
  const loop = loops.find((each) => each.consumerName === consumer && each.producer === producer);
  if (!loop?.isBehind()) return undefined;
  return Math.min(process.uptime() * 1000, Date.now() - loop.freshAt());
}

interface Standing {
  consumer: string;
  producer: string;
  after: number;
  filter: FeedFilter;
}

/** The checkpoints say what is read of each producer: also what other versions know. */
async function standings(source: DeliverySource, module: string): Promise<Standing[]> {
  const checkpoints = await readCheckpoints(source.database(module).pool);
  return source.consumers
    .filter((consumer) => consumer.module === module)
    .flatMap(({ name, sources }) =>
      [...sources].map(([producer, selection]) => {
        const found = checkpoints.get(`${name} ${producer}`);
        const covered = found?.covered ?? [];
        const all = covered.length > 0 ? filterOf(covered) : selection;
        const filter = (found && stageOf(all, covered, found).filter) ?? all;
        return { consumer: name, producer, after: found?.position ?? 0, filter };
      }),
    );
}

type Slowest = Checkpoint & { name: string; covered: readonly Typed[] };

/** Of a consumer that is divided, its slowest share. */
async function readCheckpoints(pool: Pool): Promise<Map<string, Slowest>> {
  const { rows } = await pool.query<Slowest>(
    `SELECT DISTINCT ON (consumer, producer) concat(consumer, ' ', producer) AS name, part, parts AS of,
            position::float8 AS position, passed,
            coalesce((SELECT jsonb_agg(jsonb_build_object('stream', stream, 'type', type)) FROM consumer_type t
               WHERE t.consumer = p.consumer AND t.producer = p.producer AND handled IS NULL AND coverage IS NOT NULL),
             '[]') AS covered
       FROM consumer_progress p ORDER BY consumer, producer, p.position`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

type From = Pick<Standing, 'after' | 'filter'>;

const AGE = `greatest(0, extract(epoch FROM clock_timestamp() - created_at)::float8 * 1000)`;
const UNREAD = `FROM outbox WHERE seq > $1 AND aggregatetype = ANY ($2) AND (type = ANY ($3) OR $3 = '{}')`;
const OLDEST_PARKED = `
  SELECT consumer, true AS parked, max(${AGE}) AS "ageMs"
    FROM parked_message, LATERAL (SELECT (message->>'created_at')::timestamptz AS created_at) said
   WHERE waiting_for IS NULL GROUP BY consumer ORDER BY 3 DESC LIMIT 1`;

async function behind(pool: Pool, { after, filter }: From): Promise<Pick<Lag, 'waiting' | 'oldestMs'>> {
  const text = `SELECT count(*)::int AS waiting, max(${AGE}) AS "oldestMs" ${UNREAD}`;
  return (await pool.query(text, [after, filter.streams, filter.types])).rows[0];
}

async function ageOfNext(pool: Pool, { after, filter }: From): Promise<number | undefined> {
  const text = `SELECT ${AGE} AS ms ${UNREAD} ORDER BY seq LIMIT 1`;
  return (await pool.query({ name: 'next-age', text, values: [after, filter.streams, filter.types] })).rows[0]?.ms;
}

/** What waits for one consumer, of one producer; `producer` is absent of what was put aside. */
export interface Waiting {
  consumer: string;
  state: 'unread' | 'waiting' | 'dead';
  producer?: string;
  count: number;
  /** Age of the oldest: milliseconds. */
  oldestMs: number;
}

/** The backlog gauge stops counting here to stay cheap. */
const BACKLOG_COUNT_LIMIT = 10_000;

const PUT_ASIDE = `
  SELECT consumer, state, count(*)::int AS count, max(${AGE}) AS "oldestMs"
    FROM parked_message, LATERAL (SELECT (message->>'created_at')::timestamptz AS created_at) said
   WHERE waiting_for IS NULL GROUP BY consumer, state`;

/** What waits for the consumers of `module`, for a gauge: cheap however much it is. Zero is told as well. */
export async function waitingIn(source: DeliverySource, module: string): Promise<Waiting[]> {
  const unread = (await standings(source, module)).map(async ({ consumer, producer, ...from }): Promise<Waiting> => {
    const told = { consumer, producer, state: 'unread' } as const;
    if (!source.running.has(producer))
      return { ...told, count: NaN, oldestMs: sinceFresh(source, consumer, producer) ?? 0 };
    const { pool } = source.database(producer);
    const text = `SELECT count(*)::int AS count FROM (SELECT 1 ${UNREAD} LIMIT ${BACKLOG_COUNT_LIMIT}) counted`;
    const { rows } = await pool.query<{ count: number }>(text, [from.after, from.filter.streams, from.filter.types]);
    const { count } = rows[0]!;
    return { ...told, count, oldestMs: count > 0 ? ((await ageOfNext(pool, from)) ?? 0) : 0 };
  });
  const aside = source.database(module).pool.query<Waiting>(PUT_ASIDE);
  const [{ rows }, ...waiting] = await Promise.all([aside, ...unread]);
  return [...waiting, ...rows];
}
