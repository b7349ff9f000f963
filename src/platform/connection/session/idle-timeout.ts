import type { ClientBase } from 'pg';
import { HANDLER_TIMEOUT_MS } from '../../messaging/context/time-limit.js';
import { allowStatements } from '../connection.js';

/** By how much the limit of a handler is below that of its session: the platform gives up first, and says so. */
const MARGIN_MS = 30_000;
/** After so long without a statement PostgreSQL ends a session that holds a transaction open. */
export const IDLE_TIMEOUT_MS = HANDLER_TIMEOUT_MS + MARGIN_MS;

/** Makes sure that a transaction, and each statement in it, may take as long as its handler may. Goes out with the next statement. */
export function allowIdle(client: ClientBase, limitMs: number): void {
  const needed = limitMs + MARGIN_MS;
  if (needed <= IDLE_TIMEOUT_MS) return;
  allowStatements(client, limitMs);
  client.query(`SET LOCAL idle_in_transaction_session_timeout = ${needed}`).catch(() => undefined);
}
