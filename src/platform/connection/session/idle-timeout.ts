import type { ClientBase } from 'pg';
import { allowStatements } from '../connection.js';
import { IDLE_TIMEOUT_MS, MARGIN_MS } from '../limits.js';

/** Makes sure that a transaction, and each statement in it, may take as long as its handler may. Goes out with the next statement. */
export function allowIdle(client: ClientBase, limitMs: number): void {
  const needed = limitMs + MARGIN_MS;
  if (needed <= IDLE_TIMEOUT_MS) return;
  allowStatements(client, limitMs);
  client.query(`SET LOCAL idle_in_transaction_session_timeout = ${needed}`).catch(() => undefined);
}
