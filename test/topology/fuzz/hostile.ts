const percent = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const usual = (text: string) => encodeURIComponent(Buffer.from(text).toString());

/** How a value may stand in a target: the usual one first. */
export const ENCODINGS: readonly ((text: string) => string)[] = [
  usual,
  percent,
  (text) => usual(usual(text)),
  (text) => text.replace(/[\s\0]/g, '+'),
  (text) => text,
  () => '%zz',
  () => '%',
  () => '%c0%af',
  () => '%00',
  () => '%u0041',
  () => '%ed%a0%80',
];

/** How a target may be written. */
export const SPELLINGS: readonly ((target: string) => string)[] = [
  (target) => `http://x${target}`,
  (target) => `HTTPS://user:pass@x:99999${target}`,
  (target) => `${target}#x`,
  (target) => `${target}?`,
  (target) => `${target}?x=${'x'.repeat(7000)}`,
  (target) => `${target}/${'x'.repeat(9000)}`,
  (target) => `${target};x=1`,
  (target) => `${target}/`,
  (target) => `/${target}`,
  (target) => `/.${target}`,
  (target) => `/x/..${target}`,
  (target) => target.replace('/', '/%2e%2e/'),
  (target) => target.replace(/[a-z]/, (letter) => percent(letter)),
  (target) => target.toUpperCase(),
  (target) => target.replaceAll('/', '\\'),
  (target) => target.slice(1),
  (target) => `${target} ${target}`,
  () => '*',
  () => 'http://x',
  () => 'x:443',
  () => '?',
];

export const METHODS = [
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'SOURCE'],
  ['get', 'BREW', 'X'.repeat(100), '', 'PRI'],
].flat();

export const TYPES = [
  ['application/json; charset=utf-8', 'application/json;charset=utf-16', 'APPLICATION/JSON', 'application/json;'],
  ['application/json, text/plain', 'application/problem+json', 'application/merge-patch+json', 'text/plain', '*/*'],
  ['application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', 'multipart/form-data; boundary=x'],
  ['', 'json', '/', ';', 'ä/ö', 'x'.repeat(1000), 'application/json\r\nContent-Type: text/plain'],
].flat();

const TRACE = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';

/** Headers beside those of the document. */
export const HEADERS = [
  [`traceparent: 00-${TRACE}-01`, `traceparent: ff-${TRACE}-zz`, 'traceparent: 00-0-0-0', 'X-Correlation-Id: ä\u0001'],
  ['Expect: 100-continue', 'Expect: miracles', 'Upgrade: websocket', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk'],
  ['Content-Encoding: gzip', 'Content-Encoding: br', 'Transfer-Encoding: gzip', 'TE: trailers', 'Trailer: x'],
  [
    'Accept: application/xml',
    'Accept: ;;;',
    'Accept-Encoding: x;q=9',
    'Range: bytes=0-',
    'If-Match: *',
    'Prefer: wait',
  ],
  ['Prefer: wait=-1', 'Prefer: wait=x, wait=', 'Idempotency-Key: a\r\nIdempotency-Key: b', 'Idempotency-Key: ä'],
  ['X-Seam-Signature: a.b.c', 'X-Seam-Forwarded: 1', 'X-Forwarded-For: 1.1.1.1, x', 'X-HTTP-Method-Override: DELETE'],
  ['Host: y', 'Cookie: =', 'Authorization: Basic eDp5', 'Authorization: Bearer a', 'Connection: x-a, upgrade'],
  ['Content-Length: -1', 'Content-Length: 1e3', 'Content-Length: 1, 1'],
  [`X-Large: ${'x'.repeat(15_000)}`, `X-Large: ${'x'.repeat(17_000)}`, 'X-Many: 1\r\n'.repeat(500) + 'X-Many: 1'],
  [
    'no colon',
    ': no name',
    'a b: c',
    'X-Folded: a\r\n b',
    'X-Nul: a\0b',
    'X-Latin: ä',
    '__proto__: x',
    'constructor: x',
  ],
].flat();
