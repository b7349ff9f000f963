import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { eventually } from '../../testing/eventually.js';
import type { Listener } from '../fixtures/things.js';
import { listen, post, problem } from '../fixtures/things.js';

let at: Listener;
beforeAll(async () => void (at = await listen()));
afterAll(() => at.close());

describe('failures of modules', () => {
  it.each([
    ['invalid', 422, 'too_many'],
    ['not_found', 404, 'unknown_thing'],
    ['conflict', 409, 'gone'],
    ['forbidden', 403, 'not_yours'],
    ['reused', 422, 'idempotency_key_reused'],
    ['down', 503, 'unavailable'],
    ['timeout', 503, 'unavailable'],
    ['lost', 503, 'unavailable'],
    ['fault', 500, 'internal_error'],
    ['violation', 500, 'internal_error'],
    ['unknown', 500, 'internal_error'],
    ['text', 500, 'internal_error'],
    ['nothing', 500, 'internal_error'],
    ['nest', 400, 'bad_request'],
  ])('%s answers %d %s', async (how, status, code) => {
    const { headers, details } = await problem(`${at.url}/v1/things/fail/${how}`, {}, status, code);
    expect(headers.get('retry-after')).toBe(status === 503 ? '2' : null);
    expect(details).toEqual(how === 'invalid' ? { limit: 3 } : undefined);
  });

  it('are logged with the error once, and only where nobody foresaw them', async () => {
    for (const [how, times] of [
      ['unknown', 1],
      ['violation', 1],
      ['lost', 1],
      ['fault', 0],
      ['down', 0],
      ['conflict', 0],
    ] as const) {
      at.lines.length = 0;
      const { traceId } = await fetch(`${at.url}/v1/things/fail/${how}`).then(
        (response) => response.json() as Promise<{ traceId: string }>,
      );
      const errors = at.lines.filter((line) => line.level === 50);
      expect(errors).toHaveLength(times);
      for (const line of errors)
        expect(line).toMatchObject({
          err: { stack: expect.any(String) },
          module: 'things',
          traceparent: expect.stringContaining(traceId),
        });
    }
  });
});

describe('what is sent', () => {
  const fields = async (body: unknown, status = 422) => {
    const { errors } = await problem(...post(`${at.url}/v1/things`, body), status, 'validation_failed');
    return (errors as { field: string; message: string }[]).map(({ field }) => field).sort();
  };

  it('is taken when it fits', async () => {
    const body = { lines: [{ sku: 'cup', quantity: 2 }] };
    const response = await fetch(...post(`${at.url}/v1/things`, body));
    expect([response.status, await response.json()]).toEqual([201, body]);
  });

  it('is refused naming every field: 422', async () => {
    expect(await fields({})).toEqual(['lines']);
    expect(await fields({ lines: [] })).toEqual(['lines']);
    expect(
      await fields({
        lines: [
          { sku: 'cup', quantity: 0 },
          { sku: 7, quantity: '2' },
        ],
      }),
    ).toEqual(['lines.0.quantity', 'lines.1.quantity', 'lines.1.sku']);
    expect(await fields({ lines: [{ sku: 'cup', quantity: 1, color: 'red' }], a: 1, b: 2 })).toEqual([
      'a',
      'b',
      'lines.0.color',
    ]);
    expect(await fields({ lines: [{ sku: 'cup', quantity: 1 }], note: null })).toEqual(['note']);
  });

  it.each([[[]], ['"text"'], ['7'], ['null'], ['']])('is refused when it is no object: %j', async (body) => {
    expect(await fields(body)).toEqual(['body']);
  });

  it('is refused when there is nothing at all', async () => {
    const { errors } = await problem(`${at.url}/v1/things`, { method: 'POST' }, 422, 'validation_failed');
    expect(errors[0].field).toBe('body');
  });

  it('has no more than a hundred of its mistakes told', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`field${index}`, 1]));
    expect(await fields(many)).toHaveLength(100);
  });

  it('names path and query parameters', async () => {
    const path = await problem(`${at.url}/v1/things/NOT-A-SKU`, { method: 'PATCH' }, 422, 'validation_failed');
    expect(path.errors).toEqual([{ field: 'sku', message: 'expected a SKU' }]);
    const query = await problem(`${at.url}/v1/things?limit=0&status=odd`, {}, 422, 'validation_failed');
    expect(query.errors.map(({ field }: { field: string }) => field)).toEqual(['limit', 'status']);
    const cursor = await problem(`${at.url}/v1/things?cursor=x`, {}, 422, 'invalid_cursor');
    expect(cursor.errors[0].field).toBe('cursor');
  });

  it('gets its defaults', async () => {
    expect(await (await fetch(`${at.url}/v1/things?limit=7`)).json()).toEqual({ limit: 7, items: [] });
    expect(await (await fetch(`${at.url}/v1/things`)).json()).toEqual({ limit: 20, items: [] });
  });

  it.each(['{', '{"a":1,}', 'x'])('is refused when it is no JSON: %s', async (body) => {
    await problem(...post(`${at.url}/v1/things`, body), 400, 'malformed_json');
  });

  it.each([
    ['__proto__', '{"__proto__":{"a":1}}'],
    ['constructor', '{"constructor":{"prototype":{"a":1}}}'],
    ['lines.0.__proto__', '{"lines":[{"__proto__":1}]}'],
  ])('may not name what every object has: %s', async (field, body) => {
    const { errors } = await problem(...post(`${at.url}/v1/things`, body), 422, 'validation_failed');
    expect(errors).toEqual([{ field, message: 'This field is not known.' }]);
  });

  it('may not name what every object has as a field of a schema', async () => {
    const { errors } = await problem(
      ...post(`${at.url}/v1/things`, '{"lines":[{"sku":"cup","quantity":1}],"constructor":1}'),
      422,
      'validation_failed',
    );
    expect(errors).toContainEqual({ field: 'constructor', message: 'This field is not known.' });
  });

  it('has no NUL characters and no halves of characters, in no place', async () => {
    await problem(...post(`${at.url}/v1/things`, { lines: [], note: 'a\0b' }), 400, 'bad_request');
    await problem(...post(`${at.url}/v1/things`, { lines: [], note: 'a\ud83db' }), 400, 'bad_request');
    await problem(...post(`${at.url}/v1/things`, { lines: [], 'a\0b': 1 }), 400, 'bad_request');
    await problem(`${at.url}/v1/things/fail/a%00b`, {}, 400, 'bad_request');
    expect(await fields({ lines: [], note: 'a\\u0000' })).toEqual(['lines']);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('is JSON and nothing else: %s', async (type) => {
    await problem(...post(`${at.url}/v1/things`, 'lines=1', { 'content-type': type }), 415, 'unsupported_media_type');
  });

  it('is at most 100 kB', async () => {
    const envelope = JSON.stringify({ note: '' }).length;
    expect(await fields({ note: 'x'.repeat(100 * 1024 - envelope) })).toEqual(['lines']);
    await problem(
      ...post(`${at.url}/v1/things`, { note: 'x'.repeat(100 * 1024 - envelope + 1) }),
      413,
      'payload_too_large',
    );
  });

  it('is at most 100 kB, also when its length is not told', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`"${'x'.repeat(150 * 1024)}"`));
        controller.close();
      },
    });
    await problem(
      `${at.url}/v1/things`,
      { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } },
      413,
      'payload_too_large',
    );
  });
});

describe('routes', () => {
  it.each(['/', '/v1/nothing', '/v1/things/staff/', '/v1/things/fail//'])(
    'routes that are not there: 404 at %s',
    async (path) => {
      await problem(`${at.url}${path}`, {}, 404, 'not_found');
    },
  );

  it('routes that answer to another method: 405', async () => {
    const { headers } = await problem(`${at.url}/v1/things/cup?x=1`, { method: 'DELETE' }, 405, 'method_not_allowed');
    expect(headers.get('allow')).toBe('PATCH');
    const list = await problem(
      `${at.url}/v1/things`,
      { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } },
      405,
      'method_not_allowed',
    );
    expect(list.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  it('routes with a path that cannot be read: 400, 414', async () => {
    await problem(`${at.url}/v1/things/%zz`, {}, 400, 'bad_request');
    await problem(`${at.url}/v1/things/fail/${'x'.repeat(200)}`, {}, 414, 'uri_too_long');
  });

  it('keep the status that a handler sets', async () => {
    expect((await fetch(`${at.url}/v1/things/created`)).status).toBe(203);
  });

  it('carry security headers, failures as well', async () => {
    for (const path of ['/v1/things/open', '/nothing', '/%zz']) {
      const { headers } = await fetch(`${at.url}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('what is not HTTP', () => {
  const raw = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(at.url).port), '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('end', () => resolve(answer));
      socket.on('error', reject);
    });

  it.each([
    ['nonsense\r\n\r\n', 400, 'bad_request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('answers with a problem', async (bytes, status, code) => {
    const [head, body] = (await raw(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body!)).toMatchObject({ status, code, traceId: expect.any(String) });
  });

  it('is no error of ours when the client hangs up', async () => {
    const socket = connect(Number(new URL(at.url).port), '127.0.0.1');
    socket.write(
      'POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"a":',
    );
    await fetch(`${at.url}/v1/things/open`);
    at.lines.length = 0;
    socket.destroy();
    await eventually(async () => (await fetch(`${at.url}/v1/things/open`)).ok && at.lines.length >= 3);
    expect(at.lines.filter((line) => (line.level as number) >= 40)).toEqual([]);
  });
});
