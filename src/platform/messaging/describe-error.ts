import { storable } from './plain/storable.js';

/** An error with its causes on one line, for a person who reads a dead letter. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error && parts.length < 5; at = at.cause)
    parts.push(`${at.name}: ${messageOf(at)}`);
  return storable(parts.join(' ← ') || String(error));
}

/**
 * The message of an error, without the values of the statement that failed: where PostgreSQL complains of data (SQLSTATE
 * class 22), they stand at the end, in quotes.
 */
export function messageOf(error: Error): string {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const isAboutData = severity !== undefined && typeof code === 'string' && code.startsWith('22');
  return isAboutData ? error.message.replace(/"[^]*"/, '"…"') : error.message;
}
