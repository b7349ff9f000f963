import { storable } from './plain/storable.js';

/** An error with its causes on one line, for a person who reads a dead letter. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error && parts.length < 5; at = at.cause) parts.push(`${at.name}: ${at.message}`);
  return storable(parts.join(' ← ') || String(error));
}
