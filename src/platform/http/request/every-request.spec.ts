import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { get, rawRequest } from '../../../../test/support/raw-http.js';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { eventually } from '../../testing/eventually.js';
import { traceWith } from '../../observability/spans.js';
import { onRequest, type Request } from '../../observability/requests.js';
import type { Listener } from '../fixtures/things.js';
import { gate, listen } from '../fixtures/things.js';

let at: Listener;
const counted: Request[] = [];
const spans = { begun: 0, ended: 0 };
const processor = {
  onStart: () => void spans.begun++,
  onEnd: () => void spans.ended++,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
beforeAll(async () => {
  at = await listen();
  traceWith(new TracerProvider({ spanProcessors: [processor] }).getTracer('spec'));
  onRequest((request) => void counted.push(request));
}, 30_000);
afterAll(async () => {
  onRequest(undefined);
  traceWith(undefined);
  await at.close();
});
beforeEach(() => {
  at.lines.length = 0;
  counted.length = 0;
  spans.begun = spans.ended = 0;
  gate.waiting = false;
});

const requests = () => at.lines.filter(({ msg }) => msg === 'request');

const post = (headers: string) => `POST /v1/things HTTP/1.1\nHost: x\nContent-Type: application/json\n${headers}`;
const sized = (body: string) => `${post(`Connection: close\nContent-Length: ${body.length}`)}\n\n${body}`;

const refused: [what: string, head: string, status: number, code: string][] = [
  ['a path that cannot be decoded', get('/v1/things/%zz'), 400, 'bad_request'],
  ['a parameter that is too long', get(`/v1/things/fail/${'x'.repeat(101)}`), 414, 'uri_too_long'],
  ['a path without a route', get('/nothing'), 404, 'not_found'],
  ['headers that are too large', get('/v1/things', `\nX-Large: ${'x'.repeat(17_000)}`), 431, 'headers_too_large'],
  ['what is no HTTP', 'this is no HTTP', 400, 'bad_request'],
  ['a request without a Host', 'GET /v1/things HTTP/1.1\nConnection: close', 400, 'bad_request'],
  ['a tunnel', 'CONNECT x:443 HTTP/1.1\nHost: x', 405, 'method_not_allowed'],
  ['a body that breaks off', post('Transfer-Encoding: chunked') + '\n\nnot a chunk', 400, 'bad_request'],
  ['a body of two lengths', post('Content-Length: 1\nTransfer-Encoding: chunked'), 400, 'bad_request'],
  ['a body of fifty thousand levels', sized('['.repeat(50_000) + ']'.repeat(50_000)), 400, 'bad_request'],
  ['an expectation that is unknown', get('/v1/things', '\nExpect: miracles'), 417, 'expectation_failed'],
  [
    'an expectation before a body that breaks off',
    post('Transfer-Encoding: chunked\nExpect: miracles') + '\n\nnot a chunk',
    417,
    'expectation_failed',
  ],
  [
    'an Idempotency-Key that stands there twice',
    get('/v1/things', '\nIdempotency-Key: a\nIdempotency-Key: b'),
    400,
    'idempotency_key_invalid',
  ],
];

describe('a request that is refused', () => {
  it.each(refused)(
    'a request that is refused for %s is answered with a problem, and counted and logged once',
    async (_, head, status, code) => {
      const answer = await rawRequest(at.url, head);
      expect({ status: answer.status, ...(JSON.parse(answer.body) as object) }).toMatchObject({ status, code });
      expect(answer.headers.toLowerCase()).toContain('content-type: application/problem+json');
      await eventually(() => counted.length > 0 && requests().length > 0, 'the line');
      expect(counted).toEqual([expect.objectContaining({ status })]);
      expect(requests()).toEqual([expect.objectContaining({ status })]);
      // Whatever names its trace has a span, and that has ended.
      const traced = /^x-trace-id/im.test(answer.headers) ? 1 : 0;
      expect(spans).toEqual({ begun: traced, ended: traced });
    },
  );
});

/** How many the listener has. */
const connections = () =>
  new Promise<number>((resolve, reject) =>
    at.app
      .getHttpServer()
      .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );

describe('a client that sends what is no HTTP', () => {
  it('is hung up on, though it never does so itself', async () => {
    const { port } = new URL(at.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
    let answer = '';
    socket.on('data', (part) => (answer += part)).write('this is no HTTP\r\n\r\n');
    await eventually(() => answer.includes('bad_request'), 'the answer');
    await eventually(async () => (await connections()) === 0, 'the end of the connection');
    expect(requests()).toHaveLength(1);
  });

  it('instead of a body has one line, that of its request', async () => {
    const answer = await rawRequest(at.url, `${post('Transfer-Encoding: chunked')}\n\nnot a chunk`);
    expect(answer.status).toBe(400);
    await eventually(async () => (await connections()) === 0, 'the end of the connection');
    expect(requests()).toEqual([expect.objectContaining({ status: 400, route: '/v1/things', problem: 'bad_request' })]);
    expect(counted).toEqual([expect.objectContaining({ status: 400, route: '/v1/things' })]);
  });

  it('behind a good request gets the answer of that one, and none that could be taken for it', async () => {
    const asked = rawRequest(at.url, 'GET /v1/things/gate HTTP/1.1\nHost: x\n\nthis is no HTTP');
    await eventually(() => gate.waiting && counted.length > 0, 'the handler, and the refusal');
    gate.open();
    const { status, body } = await asked;
    expect({ status, body }).toEqual({ status: 200, body: expect.not.stringContaining('bad_request') });
    await eventually(() => requests().length === 2, 'both lines');
    expect(requests()).toMatchObject([{ status: 400 }, { status: 200, route: '/v1/things/gate' }]);
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
    expect(spans).toEqual({ begun: 1, ended: 1 });
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
