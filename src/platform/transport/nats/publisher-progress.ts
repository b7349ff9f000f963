import type { Database } from '../../transaction/database.js';

/**
 * How far a module's outbox has gone to the broker is kept as the progress of a consumer of that name: one replica at a
 * time publishes, by the lock of that row, and no row of the outbox is retired before it is published.
 */
export const publisherOf = (module: string) => `${module}.nats`;

/**
 * After this the outbox is not kept for a broker any more. Where it is kept for none nothing is written: a process may start
 * while the data of its module moves, and takes no writes.
 */
export async function forgetPublisher({ module, shared }: Database): Promise<void> {
  const values = [publisherOf(module)];
  const tables = ['consumer_progress', 'outbox_reader'];
  const kept = tables.map((table) => `EXISTS (SELECT FROM ${table} WHERE consumer = $1)`).join(' OR ');
  const { rows } = await shared.query<{ kept: boolean }>(`SELECT ${kept} AS kept`, values);
  if (!rows[0]!.kept) return;
  await Promise.all(tables.map((table) => shared.query(`DELETE FROM ${table} WHERE consumer = $1`, values)));
}
