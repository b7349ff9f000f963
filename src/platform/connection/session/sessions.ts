import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import type { BoundedClient } from '../connection.js';

/** What pg does not declare. */
interface Session {
  host: string;
  port: number;
  processID: number;
  isPooled?: boolean;
  backend?: BoundedClient['backend'];
  connection: { stream: { destroy(): void } };
}

/** How long to wait until a session has ended, in milliseconds. */
const END_TIMEOUT_MS = 5000;
const LOOK_INTERVAL_MS = 20;

export function poolOf(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

/**
 * Ends a session whatever it is doing; behind a pooler the one that its transaction has. To close the connection is not enough:
 * PostgreSQL looks for that between two statements only, so one that waits for a lock would keep its transaction open, and its
 * locks.
 * @returns when it has ended, or that cannot be seen to
 */
export async function endSession(client: Pick<ClientBase, 'query'>, pool: Pool): Promise<void> {
  const { host, port, connection, isPooled, backend, processID } = client as unknown as Session;
  // A pooler makes up a number for each connection: that may be the number of somebody else's session.
  const pid = isPooled ? backend : processID;
  const since = performance.now();
  connection.stream.destroy();
  if (pid === undefined) return;
  // The number may be another session's by now: that one would be younger.
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid = $1 AND backend_start < now() - $2 * interval '1 ms'`;
  const isThere = async (other: PoolClient) =>
    ((await other.query(text, [pid, performance.now() - since])).rowCount ?? 0) > 0;
  try {
    const other = await pool.connect();
    try {
      // On another server the number is somebody else's: the former one has to notice by itself.
      const there = other as unknown as Session;
      if (there.host !== host || there.port !== port) return;
      while ((await isThere(other)) && performance.now() - since < END_TIMEOUT_MS) await delay(LOOK_INTERVAL_MS);
    } finally {
      other.release();
    }
  } catch {
    // Where the database does not answer there is nothing to end, or its own limits will.
  }
}
