import type { Pool } from 'pg';
import type { BrokerLog } from './broker-log.js';
import { BrokerUnusable } from './broker-unusable.js';

/**
 * A log that belongs to another database, or to a later state of this one, would swallow what is published now as if
 * it were known already.
 *
 * @throws BrokerUnusable when the last message of the log cannot be of this outbox
 */
export async function assertSameOutbox(pool: Pool, log: BrokerLog): Promise<void> {
  const last = await log.lastLogged();
  if (last.seq === undefined) return;
  const text = `SELECT (SELECT id::text FROM outbox WHERE seq = $1) AS id, (SELECT last_value::float8 FROM outbox_seq) AS head`;
  const { rows } = await pool.query<{ id: string | null; head: number }>(text, [last.seq]);
  const { id, head } = rows[0]!;
  if (id === null ? last.seq <= head : id === last.id) return;
  throw new BrokerUnusable(log.mixedUp);
}
