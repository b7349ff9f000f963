import { gzipSync } from 'node:zlib';

/** Bodies that are no JSON, or a strange one. */
export const BODIES: readonly Buffer[] = [
  [
    '',
    '{',
    '[',
    '}',
    'null',
    'true',
    '"x"',
    '7',
    '1e999',
    '-0',
    'NaN',
    '[]',
    '{}{}',
    "{'a':1}",
    '{"a":1,}',
    '\ufeff{}',
  ],
  ['{"sku":1e999}', `{"sku":0.${'1'.repeat(500)}}`, '{"sku":"a","sku":"b"}', '"\\ud800"', '"\\u0000"', '{"\\u0000":1}'],
  ['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '{"lines":{"length":1e9}}', '{"lines":[null]}'],
  ['['.repeat(50_000), '['.repeat(50_000) + ']'.repeat(50_000), '{"a":'.repeat(15_000) + '1' + '}'.repeat(15_000)],
  [
    JSON.stringify({ name: 'x'.repeat(102_000) }),
    JSON.stringify(Object.fromEntries([...Array(9000).keys()].entries())),
  ],
  ['{}'.padEnd(102_400), '{}'.padEnd(102_401), '{}'.padEnd(300_000), 'a=1&b=2', '<a/>', '--x--'],
]
  .flat()
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xff, 0xfe, 0xc0]), gzipSync('{}'));

interface Framed {
  head: string[];
  body: Buffer;
  broken?: boolean;
}

const chunk = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
const chunked = 'Transfer-Encoding: chunked';
const length = (bytes: number) => `Content-Length: ${bytes}`;

/** How a body may lie in its request: the usual one first. */
export const FRAMES: readonly ((body: Buffer) => Framed)[] = [
  (body) => ({ head: [length(body.length)], body }),
  (body) => ({
    head: [chunked],
    body: Buffer.concat([body.length > 0 ? chunk(body) : body, Buffer.from('0\r\n\r\n')]),
  }),
  (body) => ({ head: [length(body.length), chunked], body }),
  (body) => ({ head: [length(body.length), length(body.length + 1)], body }),
  (body) => ({ head: [], body }),
  (body) => ({ head: [length(body.length + 10)], body, broken: true }),
  (body) => ({ head: [chunked], body: chunk(body).subarray(0, -4), broken: true }),
  (body) => ({ head: [chunked], body: Buffer.from(`zz\r\n${body.toString()}`) }),
  (body) => ({ head: [length(body.length), 'Expect: 100-continue'], body }),
];
