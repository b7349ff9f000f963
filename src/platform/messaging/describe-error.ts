import { pathToFileURL } from 'node:url';
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

/** What is not code of the project's own modules. */
const FOREIGN = /node_modules|node:|\(native\)|<anonymous>\)?$|\/src\/platform\//;
const ROOT = `${process.cwd()}/`;
const ROOT_URL = pathToFileURL(ROOT).href;

/**
 * Where an error comes from: the first frame of the project's own code in the innermost of its causes that has one, with the
 * file as seen from the root; `undefined` where none has.
 */
export function ownFrame(error: unknown): string | undefined {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < 5; at = at.cause) chain.unshift(at);
  const frames = chain.flatMap(({ stack = '' }) =>
    stack.split('\n').flatMap((line) => /^ +at (.+)$/.exec(line)?.[1] ?? []),
  );
  const own = frames.find((frame) => !FOREIGN.test(frame));
  return own && storable(own.replace(ROOT_URL, '').replace(ROOT, ''));
}
