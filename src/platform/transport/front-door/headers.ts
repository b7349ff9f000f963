import { FORWARDED } from '../seam/wire.js';

/** Headers that belong to one connection: RFC 9110, 7.6.1. */
const OF_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What a request gets anew on its way; `expect` was answered by who has read the body. */
const OF_REQUEST = ['content-length', 'expect', 'host'];

/** Said between the two sides only. */
const OF_ANSWER = [FORWARDED];

type Headers = Readonly<Record<string, unknown>>;
type Kept = Record<string, string>;

export const requestHeaders = (headers: Headers): Kept => without(headers, OF_REQUEST);
export const answerHeaders = (headers: Headers): Kept => without(headers, OF_ANSWER);

function without(headers: Headers, more: readonly string[]): Kept {
  const { connection } = headers;
  const named = typeof connection === 'string' ? connection.split(',') : [];
  const dropped = new Set([...OF_CONNECTION, ...more, ...named.map((name) => name.trim().toLowerCase())]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name))) as Kept;
}
