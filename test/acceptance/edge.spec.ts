import { beforeAll, describe, expect, it } from '@jest/globals';
import { validate } from '@readme/openapi-parser';
import { STATUS_CODES } from 'node:http';
import { eventually } from '../../src/platform/testing/index.js';
import type { Answer } from '../support/client.js';
import { ACCEPTANCE_TIMEOUT_MS } from '../support/client.js';
import type { Problem } from '../support/shop-types.js';
import { ROUTES } from '../support/shop-routes.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import { newKey, newName, openShop } from '../support/shop.js';

const MODULES = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'];

let shop: Shop;
let staff: Staff;
let customer: Customer;
beforeAll(async () => {
  shop = await openShop();
  [staff, customer] = [await shop.staff(), await shop.customer()];
}, 60_000);

/** One way to be refused with each status. */
const REFUSALS: [status: number, code: string, ask: () => Promise<Answer<Problem>>][] = [
  [400, 'malformed_json', () => staff.send('POST', '/v1/catalog/products', { content: '{' })],
  [400, 'idempotency_key_required', () => customer.post('/v1/orders', {})],
  [400, 'bad_request', () => staff.get('/v1/catalog/products/%zz')],
  [401, 'unauthenticated', () => shop.anybody().get('/v1/orders')],
  [403, 'forbidden', () => customer.get('/v1/inventory/stock/dripper')],
  [404, 'not_found', () => staff.get('/v1/nothing')],
  [404, 'not_found', () => shop.anybody().get('/')],
  [404, 'unknown_order', () => customer.get(`/v1/orders/${newKey()}`)],
  [405, 'method_not_allowed', () => staff.send('DELETE', '/v1/orders')],
  [409, 'insufficient_stock', async () => staff.adjust((await staff.product()).sku, -1) as never],
  [413, 'payload_too_large', () => staff.post('/v1/catalog/products', { name: 'x'.repeat(100 * 1024) })],
  [415, 'unsupported_media_type', () => staff.send('POST', '/v1/catalog/products', { content: 'x', headers: XML })],
  [422, 'validation_failed', () => staff.post('/v1/catalog/products', {})],
];
const XML = { 'content-type': 'application/xml' };

describe('a refusal', () => {
  it.each(REFUSALS)('a refusal with %d is a problem of the kind %s', async (status, code, ask) => {
    const { headers, body, ...answer } = await ask();
    expect([answer.status, headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
    const { errors, details, ...problem } = body;
    expect(problem).toEqual({
      type: `urn:liftout:problem:${code}`,
      title: STATUS_CODES[status],
      status,
      detail: expect.stringMatching(/^.+\.$/),
      code,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(errors ?? []).toBeInstanceOf(Array);
    expect(details ?? {}).toBeInstanceOf(Object);
    expect(headers.get('x-trace-id')).toBe(body.traceId);
  });

  it('a refusal of a method names those that there are', async () => {
    const { headers } = await staff.send('DELETE', '/v1/orders/7');
    expect(headers.get('allow')).toMatch(/\bGET\b/);
    expect(headers.get('allow')).not.toMatch(/DELETE|POST/);
  });

  it('says nothing of what is inside', async () => {
    for (const [, , ask] of REFUSALS) {
      expect(JSON.stringify((await ask()).body)).not.toMatch(/node_modules|at \w+ \(|Exception|SELECT|zod|fastify/i);
    }
  });
});

describe('every answer', () => {
  const paths = ['/v1/catalog/products', '/v1/orders', '/v1/nothing', '/%zz', '/health/live', '/health/ready', '/docs'];

  it.each(paths)('every answer to %s carries security headers, and the name of no software', async (path) => {
    const { headers } = await shop.anybody().get(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('x-powered-by') ?? headers.get('server')).toBeNull();
  });

  it('belongs to the trace that the client began', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const refused = await shop.anybody().get<Problem>('/v1/nothing', headers);
    expect([refused.body.traceId, refused.headers.get('x-trace-id')]).toEqual([traceId, traceId]);
    expect((await staff.get('/v1/orders', headers)).headers.get('x-trace-id')).toBe(traceId);
  });

  it('bears the correlation id that came along, else one of its own', async () => {
    const correlation = async (given: Record<string, string>) =>
      (await customer.get('/v1/orders', given)).headers.get('x-correlation-id');
    expect(await correlation({ 'x-correlation-id': 'basket-42' })).toBe('basket-42');
    const own = [await correlation({}), await correlation({}), await correlation({ 'x-correlation-id': 'a b' })];
    expect(new Set(own).size).toBe(3);
    for (const id of own) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('health', () => {
  it('is alive', async () => {
    expect((await shop.anybody().get('/health/live')).expect(200)).toEqual({ status: 'ok' });
  });

  it('is ready, with each module, its database and the age of its oldest undelivered message', async () => {
    await eventually(async () => {
      const { status, modules } = (await shop.anybody().get<Health>('/health/ready')).expect(200);
      expect(status).toBe('ok');
      expect(modules.map(({ name }) => name).sort()).toEqual(MODULES);
      for (const { database, oldestUndeliveredMs } of modules) {
        expect(['up', 'remote']).toContain(database);
        expect(oldestUndeliveredMs === null || oldestUndeliveredMs < 60_000).toBe(true);
      }
      return true;
    });
  });

  it('asks for no token, and minds no bad one', async () => {
    const answer = await shop.anybody().get('/health/ready', { authorization: 'Bearer nonsense' });
    answer.expect(200);
  });
});

interface Health {
  status: string;
  modules: { name: string; database: string; oldestUndeliveredMs: number | null }[];
}

describe('the documents', () => {
  interface Operation {
    operationId: string;
    parameters?: { name: string; in: string; required?: boolean }[];
    requestBody?: unknown;
    responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
    security?: object[];
  }
  interface OpenApi {
    openapi: string;
    tags: { name: string; description: string }[];
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
  }
  let document: OpenApi;
  // Without the routes of a module that is away.
  beforeAll(async () => {
    const look = async () => {
      document = (await shop.anybody().get<OpenApi>('/openapi.json')).expect(200);
      return ROUTES.every(({ path }) => pathOf(path.split('?')[0]!));
    };
    await eventually(look, 'every route being described', ACCEPTANCE_TIMEOUT_MS);
  });

  const pathOf = (path: string) =>
    Object.keys(document.paths).find((known) => new RegExp(`^${known.replace(/\{\w+\}/g, '[^/]+')}$`).test(path));
  const routes = ROUTES.map((route) => [route.method, route.path.split('?')[0]!, route] as const);

  it('are OpenAPI 3.1, and valid', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true, warnings: [] });
  });

  it('name operations and schemas as a client would', () => {
    const ids = Object.values(document.paths).flatMap((each) => Object.values(each).map((one) => one.operationId));
    const wanted = ['listProducts', 'getProduct', 'adjustStock', 'placeOrder', 'cancelOrder', 'listPayments'];
    expect(ids).toEqual(expect.arrayContaining(wanted));
    const schemas = ['Money', 'Order', 'OrderLine', 'PlaceOrderRequest', 'Problem', 'Receipt'];
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(schemas));
    const modules = document.tags.filter(({ description }) => description.length > 0).map(({ name }) => name);
    expect(modules.sort()).toEqual([...MODULES, 'platform'].sort());
  });

  it.each(routes)('describe %s %s', (method, path, { body, keyed, roles }) => {
    const operation = document.paths[pathOf(path)!]![method.toLowerCase()]!;
    const ok = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
    expect(ok.length).toBeGreaterThan(0);
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '429', '500', '503']));
    expect('403' in operation.responses).toBe(roles !== undefined);
    for (const [, { content }] of ok) expect(content!['application/json']!.schema).toBeInstanceOf(Object);
    expect(operation.requestBody !== undefined).toBe(body !== undefined);
    const headers = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header');
    const key = headers.find(({ name }) => name === 'Idempotency-Key');
    expect(key?.required ?? false).toBe(keyed ?? false);
    if (!roles) expect(operation.security).toEqual([{}, { bearer: [] }]);
  });

  it('describe no route twice, and none without a name of its own', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('have a page for people', async () => {
    const page = await shop.anybody().get<string>('/docs');
    expect(page.expect(200)).toMatch(/<html/i);
    expect(page.headers.get('content-type')).toContain('text/html');
  });
});

describe('a name', () => {
  it('a name of a customer may hold any character, and is never taken for another', async () => {
    const [sku, suffix] = [await staff.stocked(10), newName('')];
    const names = [`a:b${suffix}`, `a%3Ab${suffix}`, `Ä ö/ü${suffix}`];
    const key = newKey();
    const customers = await Promise.all(names.map((name) => shop.customer(name)));
    const placed = await Promise.all(
      customers.map((each) => each.place([{ sku, quantity: 1 }], 'tok_approve', { key })),
    );
    expect(new Set(placed.map((answer) => answer.expect(200, 202).orderId)).size).toBe(3);
    for (const each of customers) expect((await each.orders()).items).toHaveLength(1);
  });
});
