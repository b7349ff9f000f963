import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';

/** What pg does not declare. */
interface Session {
  processID: number;
  connection: { stream: { destroy(): void } };
}

export function poolOf(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

/**
 * Ends a session whatever it is doing. To close the connection is not enough: PostgreSQL looks for that between two
 * statements only, so one that waits for a lock would keep its transaction open, and its locks.
 */
export function endSession(client: PoolClient, pool: Pool): void {
  const { connection, processID } = client as unknown as Session;
  const since = performance.now();
  connection.stream.destroy();
  // The number may be another session's by now: that one would be younger.
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid = $1 AND backend_start < now() - $2 * interval '1 ms'`;
  const ended = pool.connect().then(async (other) => {
    try {
      await other.query(text, [processID, performance.now() - since]);
    } finally {
      other.release();
    }
  });
  // Where the database does not answer there is nothing to end, or its own limits will.
  ended.catch(() => undefined);
}
