import type { Database } from '../../persistence/database.js';

/**
 * How far a module's outbox has gone to the broker is kept as the progress of a consumer of that name: one replica at a
 * time publishes, by the lock of that row, and no row of the outbox is retired before it is published.
 */
export const publisherOf = (module: string) => `${module}.nats`;

/** After this the outbox is not kept for a broker any more. */
export async function forgetPublisher({ module, shared }: Database): Promise<void> {
  const name = publisherOf(module);
  await Promise.all([
    shared.query('DELETE FROM consumer_progress WHERE consumer = $1', [name]),
    shared.query('DELETE FROM outbox_reader WHERE consumer = $1', [name]),
  ]);
}
