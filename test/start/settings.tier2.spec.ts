import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostEnv } from '../support/host-process.js';
import { startHost } from '../support/host-process.js';
import type { Problem } from '../support/shop-types.js';
import { kept, Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';

async function shopWith(settings: HostEnv): Promise<Shop> {
  const env = { ...(await ownEnv()), ...settings };
  return new Shop((await startHost(env)).url, env.DATA_DIR);
}

describe('RATE_LIMIT', () => {
  let shop: Shop;
  beforeAll(async () => void (shop = await shopWith({ RATE_LIMIT: '5' })), 60_000);

  it('lets each client ask so often a minute, and tells when it may ask again', async () => {
    const [alice, bob] = [await shop.customer(), await shop.customer()];
    for (let n = 0; n < 5; n++) (await alice.get('/v1/orders')).expect(200);
    const refused = await alice.get<Problem>('/v1/orders');
    expect(refused.expect(429)).toMatchObject({ code: 'rate_limited', title: 'Too Many Requests' });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await alice.get('/v1/catalog/products')).status).toBe(429);
    (await bob.get('/v1/orders')).expect(200);
    for (let n = 0; n < 10; n++) (await shop.anybody().get('/health/ready')).expect(200);
  });

  it('counts those without a token by their address', async () => {
    for (let n = 0; n < 5; n++) (await shop.anybody().get('/v1/catalog/products')).expect(200);
    (await shop.anybody().get('/v1/catalog/products')).expect(429);
    (await shop.anybody().get('/v1/orders', { authorization: 'Bearer nonsense' })).expect(429);
    (await (await shop.customer()).get('/v1/catalog/products')).expect(200);
  });
});

describe('PAYMENT_TIMEOUT_MS', () => {
  it('shorter than the provider takes cancels the order, and what is charged later is given back', async () => {
    const shop = await shopWith({ PAYMENT_TIMEOUT_MS: '1000' });
    const [staff, customer] = [await shop.staff(), await shop.customer()];
    const sku = await staff.stocked(1);
    const { orderId, ...order } = await customer.buy([{ sku, quantity: 1 }], 'tok_slow');
    expect(order).toEqual({ status: 'cancelled', reason: 'payment_timeout' });
    await eventually(async () => {
      expect(await staff.payments(orderId)).toMatchObject([{ status: 'refunded' }]);
      expect((await staff.level(sku)).available).toBe(1);
      return true;
    });
    const charges = await staff.charges(orderId);
    expect(charges).toMatchObject([{ status: 'refunded' }]);
    expect(kept(charges)).toBe(0);
    expect((await customer.page(orderId)).timeline.map(({ event }) => event)).toEqual([
      'order_placed',
      'payment_failed',
      'order_cancelled',
      'payment_refunded',
    ]);
  });
});
