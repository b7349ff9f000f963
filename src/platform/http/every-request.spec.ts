import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { get, rawRequest } from '../../../test/support/raw-http.js';
import { eventually } from '../testing/eventually.js';
import { onRequest, type Request } from '../observability/requests.js';
import type { Listener } from './fixtures/things.js';
import { gate, listen } from './fixtures/things.js';

let at: Listener;
const counted: Request[] = [];
beforeAll(async () => {
  at = await listen();
  onRequest((request) => void counted.push(request));
}, 30_000);
afterAll(async () => {
  onRequest(undefined);
  await at.close();
});
beforeEach(() => {
  at.lines.length = 0;
  counted.length = 0;
});

const requests = () => at.lines.filter(({ msg }) => msg === 'request');

const refused: [what: string, head: string, status: number, code: string][] = [
  ['a path that cannot be decoded', get('/v1/things/%zz'), 400, 'bad_request'],
  ['a parameter that is too long', get(`/v1/things/fail/${'x'.repeat(101)}`), 414, 'uri_too_long'],
  ['a path without a route', get('/nothing'), 404, 'not_found'],
  ['headers that are too large', get('/v1/things', `\nX-Large: ${'x'.repeat(17_000)}`), 431, 'headers_too_large'],
  ['what is no HTTP', 'this is no HTTP', 400, 'bad_request'],
  ['a request without a Host', 'GET /v1/things HTTP/1.1\nConnection: close', 400, 'bad_request'],
  ['an expectation that is unknown', get('/v1/things', '\nExpect: miracles'), 417, 'expectation_failed'],
  [
    'an Idempotency-Key that stands there twice',
    get('/v1/things', '\nIdempotency-Key: a\nIdempotency-Key: b'),
    400,
    'idempotency_key_invalid',
  ],
];

describe('a request that is refused', () => {
  it.each(refused)('for %s is answered with a problem, and counted and logged once', async (_, head, status, code) => {
    const answer = await rawRequest(at.url, head);
    expect({ status: answer.status, ...(JSON.parse(answer.body) as object) }).toMatchObject({ status, code });
    expect(answer.headers.toLowerCase()).toContain('content-type: application/problem+json');
    await eventually(() => counted.length > 0 && requests().length > 0, 'the line');
    expect(counted).toEqual([expect.objectContaining({ status })]);
    expect(requests()).toEqual([expect.objectContaining({ status })]);
  });
});

describe('a client that hangs up before it has its answer', () => {
  it('is counted and logged once', async () => {
    const { port } = new URL(at.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(get('/v1/things/gate').replaceAll('\n', '\r\n') + '\r\n\r\n');
    await eventually(() => gate.waiting, 'the handler');
    socket.destroy();
    await eventually(() => requests().length > 0, 'the line');
    gate.open();
    expect(requests()).toEqual([expect.objectContaining({ route: '/v1/things/gate', hungUp: true })]);
    expect(counted).toHaveLength(1);
  });
});

describe('the rate limit', () => {
  it('counts what the router cannot read, and takes no spelling of a path for a machine that looks after the process', async () => {
    const limited = await listen({ rateLimit: 3 });
    const targets = ['/v1/things/%zz', '/metricsx', `/v1/things/fail/${'x'.repeat(101)}`];
    for (const target of targets) expect((await rawRequest(limited.url, get(target))).status).not.toBe(429);
    for (const target of ['/v1/things/%zz', '/v1/things?x=/metrics']) {
      const answer = await rawRequest(limited.url, get(target));
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([429, 'rate_limited']);
      expect(answer.headers.toLowerCase()).toContain('retry-after');
    }
    expect((await rawRequest(limited.url, get('/health/live'))).status).toBe(200);
    await limited.close();
  });
});
