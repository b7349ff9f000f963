import { HANDLER_TIMEOUT_MS } from '../messaging/context/time-limit.js';

/** By how much the limit of a handler is below that of its session: the platform gives up first, and says so. */
export const MARGIN_MS = 30_000;
/** After so long without a statement PostgreSQL ends a session that holds a transaction open. */
export const IDLE_TIMEOUT_MS = HANDLER_TIMEOUT_MS + MARGIN_MS;
