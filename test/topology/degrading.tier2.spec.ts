import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Answer } from '../support/client.js';
import type { Card, Page, Problem } from '../support/shop-types.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import type { ModuleName } from '../support/topology.js';
import { MODULES, SplitShop } from '../support/topology.js';

/** How long a client waits at most for an answer that does not come, in milliseconds: see `http/request/request-state.ts`. */
const DEADLINE_MS = 10_000;

let split: SplitShop;
let shop: Shop;
let staff: Staff;
let customer: Customer;
let sku: string;
// The front door is the storefront's process: the others can all go away.
beforeAll(async () => {
  split = await SplitShop.start([['storefront', 'ordering'], ['catalog'], ['inventory'], ['payments']]);
  shop = split.shop;
  [staff, customer] = [await shop.staff(), await shop.customer()];
  sku = await staff.stocked(1000, 500);
}, 120_000);

const one = () => [{ sku, quantity: 1 }];
type Degraded = Page<Card> & { degraded: string[] };
const storefront = async () => (await shop.anybody().get<Degraded>('/v1/storefront/products?limit=100')).expect(200);

/** Takes a module away while `check` looks, and gives it back. */
async function without(module: ModuleName, check: () => Promise<void>): Promise<void> {
  await split.kill(module);
  try {
    await check();
  } finally {
    await split.restart(module);
  }
}

/** A 503 that says when to ask again, in time. */
async function refused(ask: () => Promise<Answer<unknown>>, withinMs = DEADLINE_MS): Promise<void> {
  const since = Date.now();
  const answer = await ask();
  expect(answer.status).toBe(503);
  expect(Date.now() - since).toBeLessThan(withinMs);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.body as Problem).toMatchObject({ status: 503, code: 'unavailable', traceId: expect.any(String) });
}

describe('while payments is away', () => {
  it('everything else works, its routes say that it is away, and orders wait for it', async () => {
    const placed: string[] = [];
    await without('payments', async () => {
      (await shop.anybody().get('/v1/catalog/products')).expect(200);
      expect((await staff.level(sku)).sku).toBe(sku);
      await refused(() => staff.get(`/v1/payments?orderId=7e0c9cbb-0000-4000-8000-000000000000`));
      for (let n = 0; n < 5; n++) placed.push((await customer.place(one())).expect(202).orderId);
      for (const orderId of placed) expect((await customer.order(orderId)).status).toBe('pending');
      (await shop.anybody().get('/health/ready')).expect(200);
    });
    for (const orderId of placed) {
      const status = async () => (await customer.order(orderId)).status === 'confirmed';
      await eventually(status, 'the order being confirmed', 30_000);
      expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved' }]);
    }
  }, 90_000);
});

describe('while the catalog is away', () => {
  it('orders are refused in time, what is there already is shown, and the page says what may be missing', async () => {
    const { orderId } = await customer.buy(one());
    await eventually(async () => (await storefront()).degraded.length === 0, 'the page being complete');
    await without('catalog', async () => {
      await refused(() => customer.place(one()));
      await refused(() => shop.anybody().get('/v1/catalog/products'));
      expect((await customer.order(orderId)).status).toBe('confirmed');
      expect((await staff.level(sku)).onHand).toBe(1000);
      await eventually(async () => (await storefront()).degraded.join() === 'catalog', 'the page saying so');
      expect((await storefront()).items.map((card) => card.sku)).toContain(sku);
    });
    await eventually(async () => (await storefront()).degraded.length === 0, 'the page being complete again', 30_000);
    const again = async () => (await customer.place(one(), 'tok_approve', { wait: 30 })).status === 200;
    await eventually(again, 'orders being taken again', 30_000);
  }, 120_000);

  it('the same key makes one order of the refused request and its repetition', async () => {
    const buyer = await shop.customer();
    const key = 'the-same-key';
    await without('catalog', async () => await refused(() => buyer.place(one(), 'tok_approve', { key })));
    const again = async () => (await buyer.place(one(), 'tok_approve', { key, wait: 30 })).status === 200;
    await eventually(again, 'the order being taken', 30_000);
    expect((await buyer.orders()).items).toHaveLength(1);
  }, 90_000);
});

describe('while the catalog is there, and does not answer', () => {
  it('what needs it is refused at its deadline, and everything else works', async () => {
    const silent = split.process('catalog');
    silent.kill('SIGSTOP');
    try {
      await Promise.all([
        refused(() => customer.place(one()), 2 * DEADLINE_MS),
        refused(() => shop.anybody().get('/v1/catalog/products'), 2 * DEADLINE_MS),
      ]);
      expect((await staff.level(sku)).sku).toBe(sku);
    } finally {
      silent.kill('SIGCONT');
    }
    const again = async () => (await customer.place(one(), 'tok_approve', { wait: 30 })).status === 200;
    await eventually(again, 'orders being taken again', 30_000);
  }, 90_000);
});

describe('while the stock is away', () => {
  it('orders are taken, and become final when it is back', async () => {
    let orderId = '';
    await without('inventory', async () => {
      orderId = (await customer.place(one())).expect(202).orderId;
      await refused(() => staff.get(`/v1/inventory/stock/${sku}`));
    });
    await eventually(async () => (await customer.order(orderId)).status === 'confirmed', 'the order', 30_000);
  }, 90_000);
});

describe('the health of the front door', () => {
  interface Health {
    modules: { name: string; database: string; remote?: string; reachable?: boolean }[];
  }
  const health = async () => (await shop.anybody().get<Health>('/health/ready')).expect(200).modules;

  it('names every module, where it runs, and whether it answers', async () => {
    expect((await health()).map(({ name }) => name)).toEqual(MODULES);
    const payments = async () => (await health()).find(({ name }) => name === 'payments')!;
    expect(await payments()).toMatchObject({ database: 'remote', remote: expect.stringContaining('127.0.0.1') });
    await eventually(async () => (await payments()).reachable === true, 'payments being seen');
    await without('payments', async () => {
      await eventually(async () => (await payments()).reachable === false, 'payments being missed');
    });
    await eventually(async () => (await payments()).reachable === true, 'payments being seen again', 30_000);
  }, 90_000);
});
