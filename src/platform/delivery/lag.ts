import type { Pool } from 'pg';
import type { Database } from '../persistence/database.js';
import type { Consumer } from './consumer.js';
import type { FeedFilter } from './feed.js';

/** What the figures are read from: the consumers of this process and the databases of the modules. */
export interface DeliverySource {
  readonly consumers: readonly Consumer[];
  database(module: string): Database;
}

export interface Lag {
  consumer: string;
  producer: string;
  /** Messages in the producer's outbox that this consumer has not taken yet. */
  waiting: number;
  /** Age of the oldest of them in milliseconds; null when none waits. */
  oldestMs: number | null;
}

/** How far each consumer of `module` is behind each of its producers. */
export async function lagOf(source: DeliverySource, module: string): Promise<Lag[]> {
  const consumers = source.consumers.filter((consumer) => consumer.module === module);
  const positions = await readPositions(source.database(module).pool);
  const pairs = consumers.flatMap((consumer) =>
    [...consumer.sources].map(([producer, filter]) => ({ consumer, producer, filter })),
  );
  return await Promise.all(
    pairs.map(async ({ consumer, producer, filter }) => {
      const after = positions.get(`${consumer.name} ${producer}`) ?? 0;
      return { consumer: consumer.name, producer, ...(await behind(source.database(producer).pool, after, filter)) };
    }),
  );
}

/**
 * The age of the oldest message that has no effect in `module` yet: unread, parked or dead. One that waits for the outside
 * by its own wish (`RetryLater`) is no delay.
 * @returns milliseconds; null when everything is delivered
 */
export async function oldestUndelivered(source: DeliverySource, module: string): Promise<number | null> {
  const parked = `SELECT extract(epoch FROM now() - min((message->>'created_at')::timestamptz)) * 1000 AS ms FROM parked_message WHERE waiting_for IS NULL`;
  const { rows } = await source.database(module).pool.query<{ ms: string | null }>(parked);
  const ages = (await lagOf(source, module)).map((lag) => lag.oldestMs);
  const known = [...ages, rows[0]!.ms === null ? null : Number(rows[0]!.ms)].filter((age) => age !== null);
  return known.length === 0 ? null : Math.round(Math.max(...known));
}

async function readPositions(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query('SELECT consumer, producer, position::float8 AS position FROM consumer_progress');
  return new Map(rows.map((row) => [`${row.consumer} ${row.producer}`, row.position]));
}

async function behind(pool: Pool, after: number, filter: FeedFilter): Promise<Pick<Lag, 'waiting' | 'oldestMs'>> {
  const { rows } = await pool.query({
    text: `SELECT count(*)::int AS waiting, extract(epoch FROM clock_timestamp() - min(created_at))::float8 * 1000 AS ms
             FROM outbox WHERE seq > $1 AND aggregatetype = ANY ($2) AND type = ANY ($3)`,
    values: [after, filter.streams, filter.types],
  });
  return { waiting: rows[0].waiting, oldestMs: rows[0].ms === null ? null : Math.max(0, rows[0].ms) };
}
