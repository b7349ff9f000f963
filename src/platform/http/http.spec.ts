import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { MessageContext } from '../messaging/context/context.js';
import { eventually } from '../testing/eventually.js';
import { Closing } from './closing.js';
import type { Listener } from './fixtures/things.js';
import { gate, health, listen, modules, post, problem } from './fixtures/things.js';
import { HttpModule } from './http-app.js';
import { network } from './rate-limit.js';
import { OPERATOR, OUTSIDER } from '../testing/roles.js';

let at: Listener;
beforeAll(async () => void (at = await listen()));
afterAll(() => at.close());

describe('who may come in', () => {
  it('needs no token where everybody may', async () => {
    const response = await fetch(`${at.url}/v1/things/open`);
    expect([response.status, await response.json()]).toEqual([200, { sub: 'anonymous', role: 'anonymous' }]);
  });

  it('knows who has a token, there as well', async () => {
    const response = await fetch(`${at.url}/v1/things/open`, { headers: await at.bearer('alice') });
    expect(await response.json()).toEqual({ sub: 'alice', role: OUTSIDER });
  });

  it('refuses whoever has none: 401', async () => {
    const { headers } = await problem(`${at.url}/v1/things/any`, {}, 401, 'unauthenticated');
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['/v1/things/any', '/v1/things/open'])('refuses a bad token: 401 at %s', async (path) => {
    const { authorization } = await at.bearer('alice');
    for (const bad of [
      'Bearer x',
      'Bearer',
      'Basic eDp5',
      `${authorization}x`,
      `${authorization.slice(0, -8)}AAAAAAAA`,
    ]) {
      const { headers } = await problem(`${at.url}${path}`, { headers: { authorization: bad } }, 401, 'token_invalid');
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
    await problem(`${at.url}${path}`, { headers: await at.bearer('alice', OUTSIDER, '-1s') }, 401, 'token_expired');
  });

  it('refuses a token that was good before it expired', async () => {
    const headers = await at.bearer('brief', OUTSIDER, '2s');
    expect((await fetch(`${at.url}/v1/things/any`, { headers })).status).toBe(200);
    await eventually(async () => (await fetch(`${at.url}/v1/things/any`, { headers })).status === 401);
    await problem(`${at.url}/v1/things/any`, { headers }, 401, 'token_expired');
  });

  it('refuses the wrong role: 403', async () => {
    await problem(`${at.url}/v1/things/staff`, { headers: await at.bearer('alice', OUTSIDER) }, 403, 'forbidden');
    expect((await fetch(`${at.url}/v1/things/staff`, { headers: await at.bearer('bob', OPERATOR) })).status).toBe(200);
  });

  it('heeds the nearest decorator', async () => {
    await problem(`${at.url}/v1/closed/staff`, {}, 401, 'unauthenticated');
    expect((await fetch(`${at.url}/v1/closed/open`)).status).toBe(200);
  });
});

describe('the scope of a request', () => {
  const scopeOf = async (headers: Record<string, string>) => {
    const response = await fetch(`${at.url}/v1/things/scope`, { headers });
    return { response, scope: (await response.json()) as MessageContext };
  };

  it('says what runs, where, for whom and until when', async () => {
    const { scope, response } = await scopeOf({});
    expect(scope).toMatchObject({
      type: 'GET /v1/things/scope',
      module: 'things',
      actor: { sub: 'anonymous', role: 'anonymous' },
      correlationId: scope.id,
    });
    expect(scope.key).toBeUndefined();
    expect(Math.abs(scope.deadline! - Date.now() - 10_000)).toBeLessThan(1000);
    expect(response.headers.get('x-correlation-id')).toBe(scope.id);
    expect(response.headers.get('x-trace-id')).toBe(scope.traceparent.slice(3, 35));
  });

  it('lasts longer for whoever prefers to wait', async () => {
    const { scope } = await scopeOf({ prefer: 'wait=20' });
    expect(Math.abs(scope.deadline! - Date.now() - 30_000)).toBeLessThan(1000);
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
    const { scope, response } = await scopeOf({
      'x-correlation-id': Buffer.from(id).toString('latin1'),
      traceparent: 'nonsense',
    });
    expect(scope.correlationId).toBe(scope.id);
    expect(response.headers.get('x-correlation-id')).toBe(scope.id);
  });

  it('is each request’s own, a hundred at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    const answers = await Promise.all(
      names.map(async (name) =>
        (await fetch(...post(`${at.url}/v1/things/slow`, { name }, await at.bearer(name)))).json(),
      ),
    );
    expect(answers).toEqual(names.map((name) => ({ name, sub: name, again: name })));
  });

  it('has a key of user, route and header where the route is idempotent', async () => {
    const send = async (sub: string, key: string) => {
      const response = await fetch(
        ...post(`${at.url}/v1/things/keyed`, '', { ...(await at.bearer(sub)), 'idempotency-key': key }),
      );
      return ((await response.json()) as { key: string }).key;
    };
    expect(await send('alice', 'k 1')).toBe('alice:POST /v1/things/keyed:k 1');
    expect(await send('a:b', '~'.repeat(200))).toBe(`a%3Ab:POST /v1/things/keyed:${'~'.repeat(200)}`);
  });

  it('needs a good key there: 400', async () => {
    const with_ = async (headers: Record<string, string>) =>
      post(`${at.url}/v1/things/keyed`, '', { ...(await at.bearer('alice')), ...headers });
    await problem(...(await with_({})), 400, 'idempotency_key_required');
    await problem(...(await with_({ 'idempotency-key': '' })), 400, 'idempotency_key_required');
    await problem(...(await with_({ 'idempotency-key': 'x'.repeat(201) })), 400, 'idempotency_key_invalid');
    await problem(...(await with_({ 'idempotency-key': '\u00e9' })), 400, 'idempotency_key_invalid');
  });

  it('asks for the token before the key', async () => {
    await problem(...post(`${at.url}/v1/things/keyed`, ''), 401, 'unauthenticated');
  });
});

describe('the log', () => {
  it('has one line a request, that says whose it is, and no token', async () => {
    at.lines.length = 0;
    const headers = {
      ...(await at.bearer('alice')),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    await fetch(`${at.url}/v1/things/any?password=1`, { headers });
    await fetch(`${at.url}/v1/things/staff`, { headers });
    await fetch(`${at.url}/nothing`, { headers });
    await eventually(() => at.lines.length === 3);
    const line = {
      level: 30,
      msg: 'request',
      method: 'GET',
      ms: expect.any(Number),
      traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c'),
    };
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
    await eventually(() => at.lines.length === 2);
    expect(at.lines.map((line) => line.level)).toEqual([20, 20]);
  });

  it('is 503 when the process cannot do its work, or cannot tell', async () => {
    const down = [{ name: 'things', database: 'down' as const, oldestUndeliveredMs: 7 }];
    const told = (check: typeof health.check) => readyOf(check, {});
    expect(await told(async () => ({ ready: false, modules: down }))).toEqual([
      503,
      { status: 'unavailable', modules: down },
    ]);
    const nothing = [503, { status: 'unavailable', modules: [] }];
    expect(await told(() => Promise.reject(new Error('secret')))).toEqual(nothing);
    expect(await told(() => new Promise(() => undefined))).toEqual(nothing);
  });

  it('is looked at once for all who ask within a moment, and then anew', async () => {
    const good = health.check;
    const own = await listen();
    let looks = 0;
    health.check = async () => ({ ready: true, modules: [{ ...modules[0]!, oldestUndeliveredMs: ++looks }] });
    const ages = async () =>
      ((await (await fetch(`${own.url}/health/ready`)).json()) as { modules: typeof modules }).modules[0]!
        .oldestUndeliveredMs;
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ages)))).toEqual(new Set([1]));
    await eventually(async () => (await ages()) === 2, 'another look');
    health.check = good;
    await own.close();
  });

  it('does not say in production where other modules are', async () => {
    const away = { name: 'away', database: 'remote' as const, reachable: true, oldestUndeliveredMs: null };
    const check = async () => ({ ready: true, modules: [{ ...away, remote: 'http://10.0.0.7:4100' }] });
    const auth = { issuer: 'https://issuer.test/', audience: 'liftout', jwksUrl: 'http://127.0.0.1:9/' };
    expect(await readyOf(check, { production: true, auth })).toEqual([200, { status: 'ok', modules: [away] }]);
    expect(await readyOf(check, {})).toMatchObject([200, { modules: [{ remote: 'http://10.0.0.7:4100' }] }]);
  });

  /** What a listener of its own says. */
  async function readyOf(check: typeof health.check, options: Parameters<typeof listen>[0]) {
    const good = health.check;
    const own = await listen(options);
    health.check = check;
    const response = await fetch(`${own.url}/health/ready`);
    const answer = [response.status, await response.json()];
    health.check = good;
    await own.close();
    return answer;
  }
});

describe('the rate limit', () => {
  it('counts a user over all routes and tokens, and nobody else with it', async () => {
    const { url, bearer, close } = await listen({ rateLimit: 2 });
    const get = async (path: string, headers: Record<string, string>) =>
      (await fetch(`${url}${path}`, { headers })).status;
    const alice = await bearer('alice');
    expect(await get('/v1/things/any', alice)).toBe(200);
    expect(await get('/v1/things/open', alice)).toBe(200);
    const refused = await problem(
      `${url}/v1/things/any`,
      { headers: await bearer('alice', OUTSIDER, '2h') },
      429,
      'rate_limited',
    );
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await get('/v1/things/any', await bearer('bob'))).toBe(200);
    await close();
  });

  it('counts whoever has no good token by the address, and health not at all', async () => {
    const { url, close } = await listen({ rateLimit: 2 });
    await problem(`${url}/v1/things/any`, {}, 401, 'unauthenticated');
    await problem(`${url}/v1/things/any`, { headers: { authorization: 'Bearer x' } }, 401, 'token_invalid');
    await problem(`${url}/v1/things/any`, { headers: { authorization: 'Bearer y' } }, 429, 'rate_limited');
    await problem(`${url}/v1/things/open`, {}, 429, 'rate_limited');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await close();
  });

  it('counts what no route answers: unknown paths, documents, bodies that cannot be read', async () => {
    const { url, close } = await listen({ rateLimit: 4 });
    const post = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } };
    await problem(`${url}/nothing`, {}, 404, 'not_found');
    await problem(`${url}/v1/things`, post, 400, 'malformed_json');
    const text = { ...post, headers: { 'content-type': 'text/plain' } };
    await problem(`${url}/v1/things`, text, 415, 'unsupported_media_type');
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    for (const path of ['/nothing', '/docs', '/v1/things']) await problem(`${url}${path}`, {}, 429, 'rate_limited');
    await close();
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('knows the client at %s as %s', (address, client) => {
    expect(network(address)).toBe(client);
  });
});

describe('in production', () => {
  const auth = { issuer: 'https://issuer.test/', audience: 'liftout', jwksUrl: 'http://127.0.0.1:9/' };

  it('there has to be an issuer', () => {
    const log = pino({ level: 'silent' });
    expect(() => HttpModule.forRoot({ production: true, dataDir: '.', rateLimit: 'off', log })).toThrow(
      'AUTH_JWKS_URL',
    );
  });

  it('no document is shown, no development token taken, and missing keys are no fault of the user: 503', async () => {
    const { url, bearer, close } = await listen({ production: true, auth });
    for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui.css'])
      await problem(`${url}${path}`, {}, 404, 'not_found');
    const { headers } = await problem(`${url}/v1/things/any`, { headers: await bearer('alice') }, 503, 'unavailable');
    expect(headers.get('retry-after')).toBe('2');
    const open = await fetch(`${url}/v1/things/open`);
    expect([open.status, open.headers.get('strict-transport-security')]).toEqual([
      200,
      expect.stringContaining('max-age'),
    ]);
    await close();
  });
});

describe('a process that shuts down', () => {
  it('takes nothing new, and says that it is not ready', async () => {
    const { app, url, close } = await listen();
    app.get(Closing).onModuleDestroy();
    const { headers } = await problem(`${url}/v1/things/open`, {}, 503, 'shutting_down');
    expect(headers.get('retry-after')).toBe('1');
    const ready = await fetch(`${url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'unavailable', modules }]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await close();
  });

  it('finishes what was begun', async () => {
    const { app, url, close } = await listen();
    const begun = fetch(`${url}/v1/things/gate`);
    await eventually(() => gate.waiting);
    const closed = close();
    await eventually(() => app.get(Closing).begun);
    gate.open();
    expect(await (await begun).json()).toEqual({ passed: true });
    await closed;
  });
});
