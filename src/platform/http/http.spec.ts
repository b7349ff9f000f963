import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { BadRequestException, Body, Controller, Get, Global, Headers, HttpCode, Module, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { z } from 'zod';
import { BoundedContext } from '../bounded-context.js';
import { Host } from '../host-handle.js';
import { currentMessage } from '../messaging/context.js';
import { Conflict, ContractViolation, Forbidden, Invalid, NotFound, Unavailable } from '../messaging/errors.js';
import { mintDevelopmentToken } from './auth.js';
import { fastifyOptions } from './fastify-options.js';
import { HealthSource } from './health.js';
import { configureHttp, HttpModule } from './http-app.js';
import type { HttpOptions } from './http-options.js';
import { AllowRoles, Answers, currentActor, decodeCursor, Idempotent, Page, PageQuery, Public } from './index.js';
import { openApiDocument } from './openapi.js';

const Sku = z.string().regex(/^[a-z]{1,8}$/, 'expected a SKU');
const Line = z.strictObject({ sku: Sku, quantity: z.int().min(1).max(1000) });
const Lines = z.strictObject({ lines: z.array(Line).min(1).max(100), note: z.string().optional() });
const Scope = z.object({ sub: z.string(), role: z.string() });

const FAILURES: Record<string, () => unknown> = {
  invalid: () => new Invalid('too_many', 'There are too many.', { limit: 3 }),
  not_found: () => new NotFound('unknown_thing', 'There is no such thing.'),
  conflict: () => new Conflict('gone', 'It is gone.'),
  forbidden: () => new Forbidden('not_yours', 'It is not yours.'),
  reused: () => new Invalid('idempotency_key_reused', 'Used before.'),
  down: () => new Unavailable('things.find.v1 could not be answered.', 'down', { cause: new Error('SELECT secret') }),
  timeout: () => new Unavailable('things.find.v1 did not answer before the deadline.', 'timeout'),
  fault: () => new Unavailable('things.find.v1 could not be answered.', 'fault', { cause: new Error('SELECT secret') }),
  violation: () => new ContractViolation('secret internals'),
  unknown: () => new Error('SELECT secret FROM internals'),
  text: () => 'secret',
  nothing: () => undefined,
  nest: () => new BadRequestException('secret internals'),
};

@Controller('v1/things')
class ThingsHttp {
  @Get('open')
  @Public()
  @Answers(200, Scope, 'Who asks')
  open() {
    return currentActor();
  }

  @Get('any')
  any() {
    return currentActor();
  }

  @Get('staff')
  @AllowRoles('staff')
  staff() {
    return currentActor();
  }

  @Get('scope')
  @Public()
  async scope() {
    await setImmediate();
    return currentMessage();
  }

  @Post('keyed')
  @Idempotent()
  @HttpCode(202)
  keyed(@Headers('prefer') _prefer: string | undefined) {
    return currentMessage();
  }

  @Post('slow')
  async slow(@Body({ schema: z.strictObject({ name: z.string() }) }) { name }: { name: string }) {
    await delay(Math.random() * 20);
    await fetch('data:,x');
    return { name, sub: currentActor().sub, again: await Promise.resolve().then(() => currentActor().sub) };
  }

  @Post()
  @Public()
  @Answers(201, Lines)
  create(@Body({ schema: Lines }) lines: z.output<typeof Lines>) {
    return lines;
  }

  @Patch(':sku')
  @Public()
  change(@Param('sku', { schema: Sku }) sku: string) {
    return { sku };
  }

  @Get()
  @Public()
  @Answers(200, Page(Line))
  list(@Query({ schema: PageQuery.extend({ status: z.enum(['new', 'old']).optional() }) }) query: { limit: number; cursor?: string }) {
    return { limit: query.limit, items: query.cursor ? [decodeCursor(query.cursor, Sku)] : [] };
  }

  @Get('fail/:how')
  @Public()
  fail(@Param('how') how: string) {
    throw FAILURES[how]!();
  }

  @Get('created')
  @Public()
  created(@Res({ passthrough: true }) response: FastifyReply) {
    response.status(203);
    return { ok: true };
  }
}

@AllowRoles('staff')
@Controller('v1/closed')
class ClosedHttp {
  @Get('staff')
  staff() {
    return {};
  }

  @Get('open')
  @Public()
  open() {
    return {};
  }
}

@BoundedContext({ name: 'things', contracts: {}, providers: [], controllers: [ThingsHttp, ClosedHttp] })
class ThingsModule {}

const modules = [{ name: 'things', database: 'up' as const, oldestUndeliveredMs: null }];
let check: HealthSource['check'] = () => Promise.resolve({ ready: true, modules });

@Global()
@Module({
  providers: [
    { provide: HealthSource, useValue: { check: () => check() } },
    { provide: Host, useValue: { database: () => ({}) } },
  ],
  exports: [HealthSource, Host],
})
class GroundModule {}

interface Booted {
  app: NestFastifyApplication;
  url: string;
  lines: Record<string, unknown>[];
}

let dataDir: string;
const opened: NestFastifyApplication[] = [];

async function boot(options: Partial<HttpOptions> = {}): Promise<Booted> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const mixin = () => ({ module: currentMessage()?.module, traceparent: currentMessage()?.traceparent });
  const log: Logger = pino({ level: 'debug', mixin }, { write });
  @Module({ imports: [GroundModule, ThingsModule, HttpModule.forRoot({ production: false, dataDir, rateLimit: 'off', log, ...options })] })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App as Type, new FastifyAdapter(fastifyOptions()), { logger: false });
  configureHttp(app);
  await app.listen(0, '127.0.0.1');
  opened.push(app);
  return { app, url: await app.getUrl(), lines };
}

beforeAll(async () => void (dataDir = await mkdtemp(join(tmpdir(), 'http-'))));
afterAll(async () => {
  await Promise.all(opened.map((app) => app.close()));
  await rm(dataDir, { recursive: true });
});

const bearer = async (sub: string, role: 'customer' | 'staff' = 'customer', ttl = '1h') => ({
  authorization: `Bearer ${await mintDevelopmentToken(dataDir, { sub, role, ttl })}`,
});

/** Sends a request and expects a problem of this status and code; gives its body and headers. */
async function problem(url: string, init: RequestInit, status: number, code: string) {
  const response = await fetch(url, init);
  const body = (await response.json()) as Record<string, any>;
  expect(body).toMatchObject({ status, code, type: `urn:liftout:problem:${code}`, title: expect.any(String), detail: expect.any(String) });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(response.headers.get('x-trace-id')).toBe(body.traceId);
  expect(JSON.stringify(body)).not.toMatch(/secret|internals|SELECT|node_modules|\.ts|\.js/);
  return { ...body, headers: response.headers } as Record<string, any> & { headers: Headers };
}

describe('the public listener', () => {
  let at: Booted;
  beforeAll(async () => void (at = await boot()));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): [string, RequestInit] => [
    `${at.url}${path}`,
    { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } },
  ];

  describe('who may come in', () => {
    it('needs no token where everybody may', async () => {
      const response = await fetch(`${at.url}/v1/things/open`);
      expect([response.status, await response.json()]).toEqual([200, { sub: 'anonymous', role: 'anonymous' }]);
    });

    it('knows who has a token, there as well', async () => {
      const response = await fetch(`${at.url}/v1/things/open`, { headers: await bearer('alice') });
      expect(await response.json()).toEqual({ sub: 'alice', role: 'customer' });
    });

    it('refuses whoever has none: 401', async () => {
      const { headers } = await problem(`${at.url}/v1/things/any`, {}, 401, 'unauthenticated');
      expect(headers.get('www-authenticate')).toBe('Bearer');
    });

    it.each(['/v1/things/any', '/v1/things/open'])('refuses a bad token: 401 at %s', async (path) => {
      const { authorization } = await bearer('alice');
      for (const bad of ['Bearer x', 'Bearer', 'Basic eDp5', `${authorization}x`, `${authorization.slice(0, -8)}AAAAAAAA`]) {
        const { headers } = await problem(`${at.url}${path}`, { headers: { authorization: bad } }, 401, 'token_invalid');
        expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      }
      await problem(`${at.url}${path}`, { headers: await bearer('alice', 'customer', '-1s') }, 401, 'token_expired');
    });

    it('refuses a token that was good before it expired', async () => {
      const headers = await bearer('brief', 'customer', '2s');
      expect((await fetch(`${at.url}/v1/things/any`, { headers })).status).toBe(200);
      await delay(2100);
      await problem(`${at.url}/v1/things/any`, { headers }, 401, 'token_expired');
    });

    it('refuses the wrong role: 403', async () => {
      await problem(`${at.url}/v1/things/staff`, { headers: await bearer('alice', 'customer') }, 403, 'forbidden');
      expect((await fetch(`${at.url}/v1/things/staff`, { headers: await bearer('bob', 'staff') })).status).toBe(200);
    });

    it('heeds the nearest decorator', async () => {
      await problem(`${at.url}/v1/closed/staff`, {}, 401, 'unauthenticated');
      expect((await fetch(`${at.url}/v1/closed/open`)).status).toBe(200);
    });
  });

  describe('the scope of a request', () => {
    const scopeOf = async (headers: Record<string, string>) => {
      const response = await fetch(`${at.url}/v1/things/scope`, { headers });
      return { response, scope: (await response.json()) as Record<string, any> };
    };

    it('says what runs, where, for whom and until when', async () => {
      const { scope, response } = await scopeOf({});
      expect(scope).toMatchObject({ type: 'GET /v1/things/scope', module: 'things', actor: { sub: 'anonymous', role: 'anonymous' }, correlationId: scope.id });
      expect(scope.key).toBeUndefined();
      expect(Math.abs(scope.deadline - Date.now() - 10_000)).toBeLessThan(1000);
      expect(response.headers.get('x-correlation-id')).toBe(scope.id);
      expect(response.headers.get('x-trace-id')).toBe(scope.traceparent.slice(3, 35));
    });

    it('lasts longer for whoever prefers to wait', async () => {
      const { scope } = await scopeOf({ prefer: 'wait=20' });
      expect(Math.abs(scope.deadline - Date.now() - 30_000)).toBeLessThan(1000);
    });

    it('goes on with the correlation and the trace that came in', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
      const { scope, response } = await scopeOf({ 'x-correlation-id': 'Cart_1.2-3', traceparent });
      expect(scope.correlationId).toBe('Cart_1.2-3');
      expect(scope.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
      expect(scope.traceparent).not.toBe(traceparent);
      expect(response.headers.get('x-trace-id')).toBe(traceId);
    });

    it.each(['a b', 'ä', 'x'.repeat(129), '<script>'])('replaces a correlation id that is none: %s', async (id) => {
      const { scope, response } = await scopeOf({ 'x-correlation-id': Buffer.from(id).toString('latin1'), traceparent: 'nonsense' });
      expect(scope.correlationId).toBe(scope.id);
      expect(response.headers.get('x-correlation-id')).toBe(scope.id);
    });

    it('is each request’s own, a hundred at once', async () => {
      const names = Array.from({ length: 100 }, (_, index) => `user-${index}`);
      const answers = await Promise.all(
        names.map(async (name) => (await fetch(...post('/v1/things/slow', { name }, await bearer(name)))).json()),
      );
      expect(answers).toEqual(names.map((name) => ({ name, sub: name, again: name })));
    });

    it('has a key of user, route and header where the route is idempotent', async () => {
      const send = async (sub: string, key: string) => {
        const response = await fetch(...post('/v1/things/keyed', '', { ...(await bearer(sub)), 'idempotency-key': key }));
        return ((await response.json()) as { key: string }).key;
      };
      expect(await send('alice', 'k 1')).toBe('alice:POST /v1/things/keyed:k 1');
      expect(await send('a:b', '~'.repeat(200))).toBe(`a%3Ab:POST /v1/things/keyed:${'~'.repeat(200)}`);
    });

    it('needs a good key there: 400', async () => {
      const with_ = async (headers: Record<string, string>) => post('/v1/things/keyed', '', { ...(await bearer('alice')), ...headers });
      await problem(...(await with_({})), 400, 'idempotency_key_required');
      await problem(...(await with_({ 'idempotency-key': '' })), 400, 'idempotency_key_required');
      await problem(...(await with_({ 'idempotency-key': 'x'.repeat(201) })), 400, 'idempotency_key_invalid');
      await problem(...(await with_({ 'idempotency-key': '\u00e9' })), 400, 'idempotency_key_invalid');
    });

    it('asks for the token before the key', async () => {
      await problem(...post('/v1/things/keyed', ''), 401, 'unauthenticated');
    });
  });

  describe('failures of modules', () => {
    it.each([
      ['invalid', 422, 'too_many'],
      ['not_found', 404, 'unknown_thing'],
      ['conflict', 409, 'gone'],
      ['forbidden', 403, 'not_yours'],
      ['reused', 422, 'idempotency_key_reused'],
      ['down', 503, 'unavailable'],
      ['timeout', 503, 'unavailable'],
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
      for (const [how, times] of [['unknown', 1], ['violation', 1], ['fault', 0], ['down', 0], ['conflict', 0]] as const) {
        at.lines.length = 0;
        const { traceId } = await fetch(`${at.url}/v1/things/fail/${how}`).then((response) => response.json() as Promise<{ traceId: string }>);
        const errors = at.lines.filter((line) => line.level === 50);
        expect(errors).toHaveLength(times);
        for (const line of errors) expect(line).toMatchObject({ err: { stack: expect.any(String) }, module: 'things', traceparent: expect.stringContaining(traceId) });
      }
    });
  });

  describe('what is sent', () => {
    const fields = async (body: unknown, status = 422) => {
      const { errors } = await problem(...post('/v1/things', body), status, 'validation_failed');
      return (errors as { field: string; message: string }[]).map(({ field }) => field).sort();
    };

    it('is taken when it fits', async () => {
      const body = { lines: [{ sku: 'cup', quantity: 2 }] };
      const response = await fetch(...post('/v1/things', body));
      expect([response.status, await response.json()]).toEqual([201, body]);
    });

    it('is refused naming every field: 422', async () => {
      expect(await fields({})).toEqual(['lines']);
      expect(await fields({ lines: [] })).toEqual(['lines']);
      expect(await fields({ lines: [{ sku: 'cup', quantity: 0 }, { sku: 7, quantity: '2' }] })).toEqual(['lines.0.quantity', 'lines.1.quantity', 'lines.1.sku']);
      expect(await fields({ lines: [{ sku: 'cup', quantity: 1, color: 'red' }], a: 1, b: 2 })).toEqual(['a', 'b', 'lines.0.color']);
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

    it.each(['{', '{"a":1,}', 'x', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}'])('is refused when it is no JSON: %s', async (body) => {
      await problem(...post('/v1/things', body), 400, 'malformed_json');
    });

    it('has no NUL characters, in no place', async () => {
      await problem(...post('/v1/things', { lines: [], note: 'a\0b' }), 400, 'bad_request');
      await problem(`${at.url}/v1/things/fail/a%00b`, {}, 400, 'bad_request');
      expect(await fields({ lines: [], note: 'a\\u0000' })).toEqual(['lines']);
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense'])('is JSON and nothing else: %s', async (type) => {
      await problem(...post('/v1/things', 'lines=1', { 'content-type': type }), 415, 'unsupported_media_type');
    });

    it('is at most 100 kB', async () => {
      const envelope = JSON.stringify({ note: '' }).length;
      expect(await fields({ note: 'x'.repeat(100 * 1024 - envelope) })).toEqual(['lines']);
      await problem(...post('/v1/things', { note: 'x'.repeat(100 * 1024 - envelope + 1) }), 413, 'payload_too_large');
    });

    it('is at most 100 kB, also when its length is not told', async () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`"${'x'.repeat(150 * 1024)}"`));
          controller.close();
        },
      });
      await problem(`${at.url}/v1/things`, { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } } as RequestInit, 413, 'payload_too_large');
    });
  });

  describe('routes', () => {
    it.each(['/', '/v1/nothing', '/v1/things/staff/', '/v1/things/fail//'])('that are not there: 404 at %s', async (path) => {
      await problem(`${at.url}${path}`, {}, 404, 'not_found');
    });

    it('that answer to another method: 405', async () => {
      const { headers } = await problem(`${at.url}/v1/things/cup?x=1`, { method: 'DELETE' }, 405, 'method_not_allowed');
      expect(headers.get('allow')).toBe('PATCH');
      const list = await problem(`${at.url}/v1/things`, { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } }, 405, 'method_not_allowed');
      expect(list.headers.get('allow')).toBe('GET, HEAD, POST');
    });

    it('with a path that cannot be read: 400, 414', async () => {
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
      at.lines.length = 0;
      const socket = connect(Number(new URL(at.url).port), '127.0.0.1');
      socket.write('POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"a":');
      await delay(50);
      socket.destroy();
      for (let tries = 0; tries < 100 && at.lines.length === 0; tries++) await delay(10);
      expect(at.lines.filter((line) => (line.level as number) >= 40)).toEqual([]);
    });
  });

  describe('the log', () => {
    it('has one line a request, that says whose it is, and no token', async () => {
      at.lines.length = 0;
      const headers = { ...(await bearer('alice')), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
      await fetch(`${at.url}/v1/things/any?password=1`, { headers });
      await fetch(`${at.url}/v1/things/staff`, { headers });
      await fetch(`${at.url}/nothing`, { headers });
      for (let tries = 0; tries < 100 && at.lines.length < 3; tries++) await delay(10);
      const line = { level: 30, msg: 'request', method: 'GET', ms: expect.any(Number), traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c') };
      expect(at.lines).toMatchObject([
        { ...line, route: '/v1/things/any', status: 200, module: 'things' },
        { ...line, route: '/v1/things/staff', status: 403, problem: 'forbidden' },
        { ...line, status: 404, problem: 'not_found', module: 'http' },
      ]);
      expect(JSON.stringify(at.lines)).not.toMatch(/Bearer|eyJ|password/);
    });
  });

  describe('health', () => {
    const get = async (path: string) => {
      const response = await fetch(`${at.url}/health/${path}`, { headers: { authorization: 'Bearer bad' } });
      return [response.status, await response.json()];
    };

    it('is told without a token, and not on level info', async () => {
      at.lines.length = 0;
      expect(await get('live')).toEqual([200, { status: 'ok' }]);
      expect(await get('ready')).toEqual([200, { status: 'ok', modules }]);
      for (let tries = 0; tries < 100 && at.lines.length < 2; tries++) await delay(10);
      expect(at.lines.map((line) => line.level)).toEqual([20, 20]);
    });

    it('is 503 when the process cannot do its work, or cannot tell', async () => {
      const good = check;
      const down = [{ name: 'things', database: 'down' as const, oldestUndeliveredMs: 7 }];
      check = () => Promise.resolve({ ready: false, modules: down });
      expect(await get('ready')).toEqual([503, { status: 'unavailable', modules: down }]);
      check = () => Promise.reject(new Error('secret'));
      expect(await get('ready')).toEqual([503, { status: 'unavailable', modules: [] }]);
      check = () => new Promise(() => undefined);
      expect(await get('ready')).toEqual([503, { status: 'unavailable', modules: [] }]);
      check = good;
    });
  });
});

describe('the document', () => {
  let at: Booted;
  let document: Record<string, any>;
  beforeAll(async () => {
    at = await boot();
    document = (await (await fetch(`${at.url}/openapi.json`)).json()) as Record<string, any>;
  });
  const operations = () =>
    Object.entries(document.paths as Record<string, Record<string, any>>).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

  it('is OpenAPI 3.1, with every route', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const routes = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.sort()).toEqual(
      [
        'GET /health/live',
        'GET /health/ready',
        'GET /v1/closed/open',
        'GET /v1/closed/staff',
        'GET /v1/things',
        'GET /v1/things/any',
        'GET /v1/things/created',
        'GET /v1/things/fail/{how}',
        'GET /v1/things/open',
        'GET /v1/things/scope',
        'GET /v1/things/staff',
        'PATCH /v1/things/{sku}',
        'POST /v1/things',
        'POST /v1/things/keyed',
        'POST /v1/things/slow',
      ].sort(),
    );
  });

  it('keeps the rules of OpenAPI 3.1', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(operation.responses as Record<string, any>)) {
        expect(status).toMatch(/^([1-5]\d\d|default)$/);
        expect(typeof response.description).toBe('string');
      }
      const parameters: any[] = operation.parameters ?? [];
      for (const parameter of parameters) expect(parameter).toMatchObject({ name: expect.any(String), in: expect.stringMatching(/^(path|query|header)$/), schema: expect.any(Object) });
      for (const parameter of parameters) if (parameter.in === 'path') expect(parameter.required).toBe(true);
      const named = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
      expect([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])).toEqual(named);
    }
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) expect(document.components.schemas).toHaveProperty(name!);
    expect(text).not.toMatch(/"nullable"|"\$schema"|"exclusiveMinimum":true|"\$defs"/);
  });

  it('has the schemas that validate', () => {
    const body = document.paths['/v1/things'].post.requestBody.content['application/json'].schema;
    expect(body).toMatchObject({ type: 'object', required: ['lines'], additionalProperties: false, properties: { lines: { type: 'array', minItems: 1, maxItems: 100 } } });
    expect(body.properties.lines.items.properties.quantity).toMatchObject({ type: 'integer', minimum: 1, maximum: 1000 });
    expect(document.paths['/v1/things'].post.responses['201'].content['application/json'].schema.properties.lines.type).toBe('array');
    const query = document.paths['/v1/things'].get.parameters;
    expect(query).toContainEqual(expect.objectContaining({ name: 'limit', in: 'query', required: false, schema: expect.objectContaining({ minimum: 1, maximum: 100, default: 20 }) }));
    expect(query).toContainEqual(expect.objectContaining({ name: 'status', in: 'query', required: false, schema: expect.objectContaining({ enum: ['new', 'old'] }) }));
    expect(document.paths['/v1/things/{sku}'].patch.parameters[0]).toMatchObject({ name: 'sku', in: 'path', schema: { type: 'string', pattern: '^[a-z]{1,8}$' } });
  });

  it('says who may come in, what headers a route uses, and what failures look like', () => {
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/v1/things/open'].get.security).toEqual([{}]);
    expect(document.paths['/v1/things/any'].get.security).toBeUndefined();
    const headers = document.paths['/v1/things/keyed'].post.parameters;
    expect(headers).toHaveLength(2);
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }));
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Prefer', in: 'header', required: false }));
    for (const { operation } of operations()) {
      expect(operation.responses.default.content['application/problem+json'].schema).toEqual({ $ref: '#/components/schemas/Problem' });
    }
    expect(document.components.schemas.Problem.required).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'code', 'traceId']));
    expect(document.paths['/v1/things'].post.tags).toEqual(['things']);
  });

  it('is the same when it is made again', () => {
    expect(JSON.parse(JSON.stringify(openApiDocument(at.app)))).toEqual(document);
  });

  it('has a page that needs no other server', async () => {
    const page = await fetch(`${at.url}/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const url = new URL(file, `${at.url}/docs`);
      expect(url.origin).toBe(at.url);
      expect((await fetch(url)).status).toBe(200);
    }
    expect(html).not.toMatch(/<script>\s*\S/);
  });
});

describe('in production', () => {
  it('begins only with an issuer', () => {
    expect(() => HttpModule.forRoot({ production: true, dataDir, rateLimit: 'off', log: pino({ level: 'silent' }) })).toThrow('AUTH_JWKS_URL');
  });

  it('limits each client, shows no document, and takes no development token', async () => {
    const auth = { issuer: 'https://issuer.test/', audience: 'liftout', jwksUrl: 'http://127.0.0.1:9/' };
    const { url } = await boot({ production: true, auth, rateLimit: 3 });
    for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui.css']) await problem(`${url}${path}`, {}, 404, 'not_found');
    const { headers } = await problem(`${url}/v1/things/any`, { headers: await bearer('alice') }, 503, 'unavailable');
    expect(headers.get('retry-after')).toBe('2');
    expect((await fetch(`${url}/v1/things/open`)).headers.get('strict-transport-security')).toContain('max-age');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/v1/things/created`)).status).toBe(203);
    const limited = await problem(`${url}/v1/things/scope`, {}, 429, 'rate_limited');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('limits a user over all routes and addresses, and others not with it', async () => {
    const { url } = await boot({ rateLimit: 2 });
    const alice = await bearer('alice');
    expect((await fetch(`${url}/v1/things/any`, { headers: alice })).status).toBe(200);
    expect((await fetch(`${url}/v1/things/open`, { headers: alice })).status).toBe(200);
    await problem(`${url}/v1/things/any`, { headers: await bearer('alice', 'customer', '2h') }, 429, 'rate_limited');
    expect((await fetch(`${url}/v1/things/any`, { headers: await bearer('bob') })).status).toBe(200);
    for (const token of ['x', 'y']) await problem(`${url}/v1/things/any`, { headers: { authorization: `Bearer ${token}` } }, 401, 'token_invalid');
    await problem(`${url}/v1/things/any`, { headers: { authorization: 'Bearer z' } }, 429, 'rate_limited');
  });
});

it('finishes what was begun when it closes, and takes nothing new', async () => {
  const { app, url } = await boot();
  const agent = await import('undici').then(({ Client }) => new Client(url, { pipelining: 1 }));
  expect((await agent.request({ path: '/v1/things/open', method: 'GET' })).statusCode).toBe(200);
  const { Closing } = await import('./closing.js');
  app.get(Closing).onModuleDestroy();
  const refused = await problem(`${url}/v1/things/open`, {}, 503, 'shutting_down');
  expect(refused.headers.get('retry-after')).toBe('1');
  const ready = await fetch(`${url}/health/ready`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'unavailable', modules }]);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  await agent.close();
  jest.restoreAllMocks();
});
