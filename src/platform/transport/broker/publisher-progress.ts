import type { Database } from '../../transaction/database.js';

const BROKERS = ['nats', 'kafka'] as const;
type BrokerName = (typeof BROKERS)[number];

/**
 * How far a module's outbox has gone to a broker is kept as the progress of a consumer of that name: one replica at a
 * time publishes, by the lock of that row, and no row of the outbox is retired before it is published.
 */
export const publisherOf = (module: string, broker: BrokerName) => `${module}.${broker}`;

export const isPublisherOf = (module: string, consumer: string) =>
  BROKERS.some((broker) => publisherOf(module, broker) === consumer);

/**
 * After this the outbox is not kept for a broker any more. Where it is kept for none nothing is written: a process may start
 * while the data of its module moves, and takes no writes.
 *
 * @param used the broker that is still in use
 */
export async function forgetPublishers({ module, shared }: Database, used?: BrokerName): Promise<void> {
  const values = [BROKERS.filter((broker) => broker !== used).map((broker) => publisherOf(module, broker))];
  const tables = ['consumer_progress', 'outbox_reader'];
  const kept = tables.map((table) => `EXISTS (SELECT FROM ${table} WHERE consumer = ANY ($1))`).join(' OR ');
  const { rows } = await shared.query<{ kept: boolean }>(`SELECT ${kept} AS kept`, values);
  if (!rows[0]!.kept) return;
  await Promise.all(tables.map((table) => shared.query(`DELETE FROM ${table} WHERE consumer = ANY ($1)`, values)));
}
