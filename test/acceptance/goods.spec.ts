import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Client } from '../support/client.js';
import type { Card, Page, Problem, Product } from '../support/shop-types.js';
import type { Shop, Staff } from '../support/shop.js';
import { kept, newKey, newName, openShop } from '../support/shop.js';

let shop: Shop;
let staff: Staff;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.staff();
}, 60_000);

const price = { amount: 1990, currency: 'EUR' };

/** All items of a paged list. */
async function all<T>(client: Client, path: string, limit: number): Promise<T[]> {
  const items: T[] = [];
  let cursor = '';
  do {
    const page = (await client.get<Page<T>>(`${path}?limit=${limit}${cursor && `&cursor=${cursor}`}`)).expect(200);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.nextCursor ?? '';
  } while (cursor);
  return items;
}

describe('the catalog', () => {
  it('publishes a product that anybody can read where Location says', async () => {
    const product = { sku: newName('sku'), name: 'Kaffeemühle ☕', price };
    const published = await staff.post<Product>('/v1/catalog/products', product);
    expect(published.expect(201)).toEqual(product);
    expect(published.headers.get('location')).toBe(`/v1/catalog/products/${product.sku}`);
    expect((await shop.anybody().get(published.headers.get('location')!)).expect(200)).toEqual(product);
  });

  it('refuses a second product with the same SKU', async () => {
    const product = await staff.product();
    const problem = (await staff.post<Problem>('/v1/catalog/products', { ...product, name: 'Another' })).expect(409);
    expect(problem).toMatchObject({ code: 'product_exists', details: { sku: product.sku } });
    expect((await staff.get(`/v1/catalog/products/${product.sku}`)).expect(200)).toEqual(product);
  });

  it('publishes a SKU once when many try at the same time', async () => {
    const product = { sku: newName('sku'), name: 'Wanted', price };
    const answers = await Promise.all(Array.from({ length: 10 }, () => staff.post('/v1/catalog/products', product)));
    const answered = (expected: number) => answers.filter(({ status }) => status === expected).length;
    expect([answered(201), answered(409)]).toEqual([1, 9]);
  });

  it('changes the name, the price, or both', async () => {
    const product = await staff.product();
    const path = `/v1/catalog/products/${product.sku}`;
    expect((await staff.patch(path, { name: 'New' })).expect(200)).toEqual({ ...product, name: 'New' });
    expect((await staff.patch(path, { price })).expect(200)).toEqual({ ...product, name: 'New', price });
    const both = { name: 'Newer', price: { amount: 0, currency: 'CHF' } };
    expect((await staff.patch(path, both)).expect(200)).toEqual({ ...product, ...both });
    expect((await shop.anybody().get(path)).expect(200)).toEqual({ ...product, ...both });
  });

  it('knows nothing of a SKU that was never published', async () => {
    const path = `/v1/catalog/products/${newName('ghost')}`;
    expect((await staff.get<Problem>(path)).expect(404).code).toBe('unknown_product');
    expect((await staff.patch<Problem>(path, { price })).expect(404).code).toBe('unknown_product');
  });

  it('lists every product once, by SKU, whatever the size of the pages', async () => {
    const skus = [await staff.product(), await staff.product(), await staff.product()].map(({ sku }) => sku);
    for (const limit of [5, 100]) {
      const listed = (await all<Product>(staff, '/v1/catalog/products', limit)).map(({ sku }) => sku);
      expect(new Set(listed).size).toBe(listed.length);
      expect(listed).toEqual(expect.arrayContaining(skus));
      expect(listed).toEqual([...listed].sort());
    }
  });

  it('sells at once what it has just published, at the price of that moment', async () => {
    const sku = await staff.stocked(2, 700);
    const customer = await shop.customer();
    const { orderId } = await customer.buy([{ sku, quantity: 2 }]);
    await staff.patch(`/v1/catalog/products/${sku}`, { name: 'Dearer', price });
    const order = await customer.order(orderId);
    const unitPrice = { amount: 700, currency: 'EUR' };
    expect(order.lines).toEqual([{ sku, name: `Thing ${sku}`, quantity: 2, unitPrice }]);
    expect(order.total).toEqual({ amount: 1400, currency: 'EUR' });
  });
});

describe('the stock', () => {
  it('the stock of a product that was never stocked is nothing', async () => {
    const { sku } = await staff.product();
    expect(await staff.level(sku)).toEqual({ sku, onHand: 0, reserved: 0, available: 0 });
  });

  it('the stock of a SKU that was never published is unknown', async () => {
    const sku = newName('ghost');
    expect((await staff.get<Problem>(`/v1/inventory/stock/${sku}`)).expect(404).code).toBe('unknown_product');
    expect((await staff.adjust(sku, 5)).status).toBe(404);
  });

  it('goes up and down by adjustments, and is told as it is then', async () => {
    const { sku } = await staff.product();
    expect((await staff.adjust(sku, 10)).expect(200)).toEqual({ sku, onHand: 10, reserved: 0, available: 10 });
    expect((await staff.adjust(sku, -4)).expect(200)).toEqual({ sku, onHand: 6, reserved: 0, available: 6 });
    expect(await staff.level(sku)).toEqual({ sku, onHand: 6, reserved: 0, available: 6 });
  });

  it('is not taken away where it is reserved for orders', async () => {
    const sku = await staff.stocked(5);
    await (await shop.customer()).buy([{ sku, quantity: 3 }]);
    expect((await staff.adjust(sku, -3)).body).toMatchObject({
      status: 409,
      code: 'insufficient_stock',
      details: { sku, available: 2 },
    });
    expect((await staff.adjust(sku, -2)).expect(200)).toEqual({ sku, onHand: 3, reserved: 3, available: 0 });
  });

  it('is adjusted once under one key, also when the same request comes ten times at once', async () => {
    const { sku } = await staff.product();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 10 }, () => staff.adjust(sku, 3, key)));
    for (const answer of answers) expect(answer.expect(200).onHand).toBe(3);
    expect((await staff.adjust(sku, 3, key)).expect(200).onHand).toBe(3);
    expect((await staff.level(sku)).onHand).toBe(3);
  });

  it('is not adjusted under a key that was used for something else', async () => {
    const [sku, other] = [await staff.stocked(1), await staff.stocked(1)];
    const key = newKey();
    (await staff.adjust(sku, 3, key)).expect(200);
    for (const [at, delta] of [
      [sku, 4],
      [other, 3],
    ] as const) {
      expect((await staff.adjust(at, delta, key)).body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    expect([await staff.level(sku), await staff.level(other)].map(({ onHand }) => onHand)).toEqual([4, 1]);
  });

  it('takes a key of one user for another key than the same of another user', async () => {
    const { sku } = await staff.product();
    const key = newKey();
    (await staff.adjust(sku, 3, key)).expect(200);
    expect((await (await shop.staff()).adjust(sku, 4, key)).expect(200).onHand).toBe(7);
  });

  it('is never taken away twice', async () => {
    const sku = await staff.stocked(10);
    const answers = await Promise.all(Array.from({ length: 20 }, () => staff.adjust(sku, -1)));
    const answered = (expected: number) => answers.filter(({ status }) => status === expected).length;
    expect([answered(200), answered(409)]).toEqual([10, 10]);
    expect(await staff.level(sku)).toEqual({ sku, onHand: 0, reserved: 0, available: 0 });
  });

  it('is never sold twice: of 30 orders at once for five pieces, five are confirmed', async () => {
    const sku = await staff.stocked(5, 100);
    const customers = await Promise.all(Array.from({ length: 30 }, () => shop.customer()));
    const receipts = await Promise.all(customers.map((customer) => customer.buy([{ sku, quantity: 1 }])));
    const confirmed = receipts.filter(({ status }) => status === 'confirmed');
    expect(confirmed).toHaveLength(5);
    const others = receipts.filter((receipt) => !confirmed.includes(receipt));
    for (const receipt of others) expect(receipt).toMatchObject({ status: 'cancelled', reason: 'out_of_stock' });
    expect(await staff.level(sku)).toEqual({ sku, onHand: 5, reserved: 5, available: 0 });
    const charges = await Promise.all(receipts.map(({ orderId }) => staff.charges(orderId)));
    expect(kept(charges.flat())).toBe(500);
    expect(charges.flat()).toHaveLength(5);
  });

  it('is reserved for all lines of an order or for none', async () => {
    const [plenty, scarce] = [await staff.stocked(100), await staff.stocked(1)];
    const customer = await shop.customer();
    const lines = [
      { sku: plenty, quantity: 10 },
      { sku: scarce, quantity: 2 },
    ];
    expect(await customer.buy(lines)).toMatchObject({ status: 'cancelled', reason: 'out_of_stock' });
    for (const sku of [plenty, scarce]) expect((await staff.level(sku)).reserved).toBe(0);
  });
});

describe('the storefront', () => {
  const card = async (sku: string) =>
    (await all<Card>(staff, '/v1/storefront/products', 100)).find((each) => each.sku === sku);
  const shows = (expected: Card) => eventually(async () => expect(await card(expected.sku)).toEqual(expected) ?? true);

  it('follows the product, its price and its stock', async () => {
    const product = await staff.product();
    await shows({ ...product, available: 0 });
    (await staff.adjust(product.sku, 4)).expect(200);
    await shows({ ...product, available: 4 });
    await (await shop.customer()).buy([{ sku: product.sku, quantity: 3 }]);
    await shows({ ...product, available: 1 });
    (await staff.patch(`/v1/catalog/products/${product.sku}`, { price })).expect(200);
    await shows({ ...product, price, available: 1 });
  });

  it('is not degraded while everybody is there, and is for anybody', async () => {
    await eventually(async () => {
      const page = await shop.anybody().get<Page<Card> & { degraded: string[] }>('/v1/storefront/products?limit=1');
      expect(page.expect(200).items).toHaveLength(1);
      expect(page.body.degraded).toEqual([]);
      return true;
    });
  });
});
