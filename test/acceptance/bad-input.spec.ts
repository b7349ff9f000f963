import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import type { Problem } from '../support/shop-types.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import type { Route } from '../support/shop-routes.js';
import { ROUTES, WRONG } from '../support/shop-routes.js';
import { newKey, openShop } from '../support/shop.js';

let shop: Shop;
let staff: Staff;
let customer: Customer;
beforeAll(async () => {
  shop = await openShop();
  [staff, customer] = [await shop.staff(), await shop.customer()];
}, 60_000);

const named = (routes: readonly Route[]) => routes.map((route) => [route.method, route.path, route] as const);
const closed = ROUTES.filter(({ roles }) => roles !== undefined);
const withBody = named(ROUTES.filter(({ body }) => body !== undefined));
const keyed = named(ROUTES.filter((route) => route.keyed));

/** Somebody who may use the route. */
const allowed = ({ roles }: Route): Client => (roles?.includes('customer') ? customer : staff);
const send = (client: Client, route: Route, content = route.body && JSON.stringify(route.body)) =>
  client.send<Problem>(route.method, route.path, {
    ...(content !== undefined && { content }),
    headers: { 'idempotency-key': newKey() },
  });

describe('without the right to', () => {
  it.each(named(closed))('%s %s needs a token', async (_m, _p, route) => {
    const answer = await send(shop.anybody(), route);
    expect(answer.expect(401).code).toBe('unauthenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(named(ROUTES))('%s %s takes no bad token', async (_m, _p, route) => {
    const [head, , signature] = (await shop.token('somebody', 'staff')).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'x', role: 'staff', exp: 9e9 })).toString('base64url');
    const forged = `${head}.${claims}.${signature}`;
    const expired = await shop.token('somebody', 'staff', '-1m');
    for (const token of ['x', forged, expired]) {
      const answer = await send(new Client(shop.url, token), route);
      expect(answer.expect(401).code).toBe(token === expired ? 'token_expired' : 'token_invalid');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
  });

  it.each(named(closed.filter(({ roles }) => roles!.length === 1)))(
    '%s %s is not for others',
    async (_m, _p, route) => {
      const answer = await send(route.roles![0] === 'staff' ? customer : staff, route);
      expect(answer.expect(403).code).toBe('forbidden');
    },
  );
});

describe('a body that', () => {
  it.each(withBody)('%s %s cannot read as JSON is refused', async (_m, _p, route) => {
    for (const content of ['{', '{"a":1,}', 'lines', "{'lines': []}"]) {
      expect((await send(allowed(route), route, content)).expect(400).code).toBe('malformed_json');
    }
  });

  it.each(withBody)('%s %s cannot be as large as this is refused', async (_m, _p, route) => {
    const padded = (bytes: number) => '{}'.padEnd(bytes);
    expect((await send(allowed(route), route, padded(100 * 1024 + 1))).expect(413).code).toBe('payload_too_large');
    expect((await send(allowed(route), route, padded(100 * 1024))).expect(422).code).toBe('validation_failed');
  });

  it.each(withBody)('%s %s needs is missed', async (_m, _p, route) => {
    for (const content of [undefined, '', 'null', '[]', '"text"', '7']) {
      const client = allowed(route);
      const options = { ...(content !== undefined && { content }), headers: { 'idempotency-key': newKey() } };
      const problem = (await client.send<Problem>(route.method, route.path, options)).expect(422);
      expect(problem.errors!.map(({ field }) => field)).toEqual(['body']);
    }
  });

  it.each(withBody)('%s %s is sent as something else than JSON is refused', async (_m, _p, route) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const headers = { 'content-type': type, 'idempotency-key': newKey() };
      const answer = await allowed(route).send<Problem>(route.method, route.path, { content: 'a=1', headers });
      expect(answer.expect(415).code).toBe('unsupported_media_type');
    }
  });
});

describe('a key', () => {
  it.each(keyed)('is needed by %s %s', async (method, path, route) => {
    const content = route.body && JSON.stringify(route.body);
    const answer = await allowed(route).send<Problem>(method, path, { ...(content && { content }) });
    expect(answer.expect(400).code).toBe('idempotency_key_required');
  });

  it.each(keyed)('a key of more than 200 characters is too long for %s %s', async (method, path, route) => {
    const content = route.body && JSON.stringify(route.body);
    const options = { ...(content && { content }), headers: { 'idempotency-key': 'k'.repeat(201) } };
    expect((await allowed(route).send<Problem>(method, path, options)).expect(400).code).toBe(
      'idempotency_key_invalid',
    );
  });
});

describe('names the fields', () => {
  it.each(WRONG)('%s %s with %s', async (method, path, _wrong, content, fields) => {
    const client = path === '/v1/orders' ? customer : staff;
    const options = { ...(content && { content: JSON.stringify(content) }), headers: { 'idempotency-key': newKey() } };
    const problem = (await client.send<Problem>(method, path, options)).expect(422);
    expect(['validation_failed', 'invalid_cursor']).toContain(problem.code);
    expect(problem.errors!.map(({ field }) => field).sort()).toEqual([...fields].sort());
    for (const { message } of problem.errors!) expect(message).not.toBe('');
  });
});
