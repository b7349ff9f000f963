import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Order, Page, Problem, Receipt } from '../support/shop-types.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import { newKey, newName, openShop } from '../support/shop.js';

let shop: Shop;
let staff: Staff;
/** There is always enough of it. */
let sku: string;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.staff();
  sku = await staff.stocked(100_000, 1250);
}, 60_000);

const one = () => [{ sku, quantity: 1 }];
const onlyOrder = async (customer: Customer) => {
  const { items } = await customer.orders();
  expect(items).toHaveLength(1);
  return items[0]!;
};

const madeUp = (position: object) => Buffer.from(JSON.stringify(position)).toString('base64url');

describe('a made-up cursor', () => {
  it.each([
    ['of a year that no calendar has', '0000-01-01T00:00:00Z'],
    ['of a fraction that PostgreSQL cannot read', `2026-01-02T03:04:05.${'1'.repeat(130)}Z`],
  ])('%s is refused', async (_, placedAt) => {
    const position = { placedAt, orderId: newKey() };
    const answer = await (await shop.customer()).get<Problem>(`/v1/orders?cursor=${madeUp(position)}`);
    expect(answer.expect(422).code).toBe('invalid_cursor');
  });
});

describe('placing an order', () => {
  it('is accepted at once, and says where the order is', async () => {
    const customer = await shop.customer();
    const answer = await customer.place(one(), 'tok_slow');
    const receipt = answer.expect(202);
    expect(receipt).toEqual({ orderId: expect.any(String), status: 'pending' });
    expect(answer.headers.get('location')).toBe(`/v1/orders/${receipt.orderId}`);
    expect((await customer.get<Order>(answer.headers.get('location')!)).expect(200).orderId).toBe(receipt.orderId);
  });

  it('is answered when it is final, for those who prefer to wait', async () => {
    const customer = await shop.customer();
    const answer = await customer.place(one(), 'tok_approve', { wait: 30 });
    const { orderId } = answer.expect(200);
    expect(answer.body).toEqual({ orderId, status: 'confirmed' });
    expect(answer.headers.get('location')).toBe(`/v1/orders/${orderId}`);
    const before = Date.now();
    const order = await customer.order(orderId);
    expect(order).toEqual({
      orderId,
      status: 'confirmed',
      lines: [{ sku, name: `Thing ${sku}`, quantity: 1, unitPrice: { amount: 1250, currency: 'EUR' } }],
      total: { amount: 1250, currency: 'EUR' },
      placedAt: expect.any(String),
    });
    expect(Math.abs(before - Date.parse(order.placedAt))).toBeLessThan(60_000);
  });

  it('is answered as it is then when the time to wait is over', async () => {
    const since = performance.now();
    const answer = await (await shop.customer()).place(one(), 'tok_never', { wait: 1 });
    expect(answer.expect(202).status).toBe('pending');
    expect(performance.now() - since).toBeGreaterThan(990);
  });

  it('adds up what the lines cost', async () => {
    const other = await staff.stocked(10, 1);
    const customer = await shop.customer();
    const { orderId } = await customer.buy([
      { sku, quantity: 3 },
      { sku: other, quantity: 7 },
    ]);
    expect((await customer.order(orderId)).total).toEqual({ amount: 3 * 1250 + 7, currency: 'EUR' });
  });

  it('takes an order that costs more than any one product may', async () => {
    const dear = await staff.stocked(1000, 1_000_000_000);
    const customer = await shop.customer();
    const { orderId, status } = await customer.buy([{ sku: dear, quantity: 1000 }]);
    expect(status).toBe('confirmed');
    const amount = 1_000_000_000_000;
    expect((await customer.order(orderId)).total.amount).toBe(amount);
    await eventually(async () => (await customer.page(orderId)).payment?.amount === amount, 'the page of the order');
  });

  it('takes a hundred lines of up to a thousand pieces', async () => {
    const skus = await Promise.all(Array.from({ length: 99 }, () => staff.stocked(1, 1)));
    const lines = [...skus.map((each) => ({ sku: each, quantity: 1 })), { sku, quantity: 1000 }];
    const customer = await shop.customer();
    expect((await customer.buy(lines)).status).toBe('confirmed');
    expect((await onlyOrder(customer)).total.amount).toBe(99 + 1000 * 1250);
  });

  it('is refused for products that do not exist, naming them', async () => {
    const customer = await shop.customer();
    const ghosts = [newName('ghost'), newName('ghost')];
    const answer = await customer.place([...one(), ...ghosts.map((ghost) => ({ sku: ghost, quantity: 1 }))]);
    expect(answer.body).toMatchObject({ status: 422, code: 'unknown_products', details: { skus: ghosts } });
    expect(await customer.orders()).toEqual({ items: [] });
  });

  it('is refused for products in several currencies', async () => {
    const customer = await shop.customer();
    const francs = (await staff.product(100, 'CHF')).sku;
    const answer = await customer.place([...one(), { sku: francs, quantity: 1 }]);
    expect(answer.body).toMatchObject({ status: 422, code: 'mixed_currencies' });
  });

  it('is for customers: staff have no orders of their own', async () => {
    expect((await staff.place(one())).body).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

describe('an idempotency key', () => {
  it('makes one order of many requests at once', async () => {
    const customer = await shop.customer();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 12 }, () => customer.place(one(), 'tok_approve', { key })));
    for (const answer of answers) expect([200, 202]).toContain(answer.status);
    expect(new Set(answers.map(({ body }) => body.orderId)).size).toBe(1);
    expect((await onlyOrder(customer)).orderId).toBe(answers[0]!.body.orderId);
  });

  it('leads back to the order as it is now, waiting as the repeated request prefers', async () => {
    const customer = await shop.customer();
    const key = newKey();
    const first = (await customer.place(one(), 'tok_slow', { key })).expect(202);
    expect((await customer.place(one(), 'tok_slow', { key })).expect(202)).toEqual(first);
    const final = { orderId: first.orderId, status: 'confirmed' };
    expect((await customer.place(one(), 'tok_slow', { key, wait: 30 })).expect(200)).toEqual(final);
    const again = await customer.place(one(), 'tok_slow', { key });
    expect(again.expect(200)).toEqual(final);
    expect(again.headers.get('location')).toBe(`/v1/orders/${first.orderId}`);
    (await customer.cancel(first.orderId)).expect(200);
    expect((await customer.place(one(), 'tok_slow', { key })).expect(200)).toMatchObject({ status: 'cancelled' });
  });

  it('is the same for the same order written in another way', async () => {
    const customer = await shop.customer();
    const headers = { 'idempotency-key': newKey() };
    const text = `{"paymentToken": "tok_approve",\n "lines": [{"quantity": 1.0, "sku": "${sku}"}]}`;
    const first = await customer.post<Receipt>('/v1/orders', { lines: one(), paymentToken: 'tok_approve' }, headers);
    const second = await customer.send<Receipt>('POST', '/v1/orders', { content: text, headers });
    expect([200, 202]).toContain(second.status);
    expect(second.body.orderId).toBe(first.body.orderId);
  });

  it('is refused for another order', async () => {
    const customer = await shop.customer();
    const key = newKey();
    await customer.place(one(), 'tok_approve', { key });
    const others = [
      await customer.place([{ sku, quantity: 2 }], 'tok_approve', { key }),
      await customer.place(one(), 'tok_decline', { key }),
    ];
    for (const { body } of others) expect(body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    await onlyOrder(customer);
  });

  it('belongs to one user', async () => {
    const [alice, bob] = [await shop.customer(), await shop.customer()];
    const key = newKey();
    const orders = [await alice.place(one(), 'tok_approve', { key }), await bob.place(one(), 'tok_approve', { key })];
    expect(orders[0]!.expect(200, 202).orderId).not.toBe(orders[1]!.expect(200, 202).orderId);
  });

  it('belongs to one route', async () => {
    const customer = await shop.customer();
    const key = newKey();
    const { orderId } = (await customer.place(one(), 'tok_approve', { key, wait: 30 })).expect(200);
    expect((await customer.cancel(orderId, key)).expect(200).status).toBe('cancelled');
  });
});

describe('orders', () => {
  it('orders of others are not there', async () => {
    const [alice, bob] = [await shop.customer(), await shop.customer()];
    const { orderId } = await alice.buy(one());
    const unknown = await bob.get<Problem>(`/v1/orders/${newKey()}`);
    const others = await bob.get<Problem>(`/v1/orders/${orderId}`);
    expect(others.expect(404).code).toBe(unknown.expect(404).code);
    expect((await bob.cancel(orderId)).status).toBe(404);
    expect(await bob.orders()).toEqual({ items: [] });
    expect((await alice.order(orderId)).status).toBe('confirmed');
  });

  it('are all there for staff', async () => {
    const { orderId } = await (await shop.customer()).buy(one());
    expect((await staff.order(orderId)).orderId).toBe(orderId);
    const listed = (await staff.orders('?limit=100&status=confirmed')).items.map((order) => order.orderId);
    expect(listed).toContain(orderId);
  });

  it('are listed newest first, in pages that hold each of them once', async () => {
    const customer = await shop.customer();
    const placed: string[] = [];
    for (let n = 0; n < 6; n++) placed.unshift((await customer.place(one())).expect(200, 202).orderId);
    const pages: Page<Order>[] = [];
    for (let cursor = ''; pages.length === 0 || cursor;) {
      const page = await customer.orders(`?limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(page);
      cursor = page.nextCursor ?? '';
    }
    expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 2]);
    expect(pages.flatMap(({ items }) => items.map((order) => order.orderId))).toEqual(placed);
    expect((await customer.orders()).items.map((order) => order.orderId)).toEqual(placed);
  });

  it('stay on their page while new ones are placed', async () => {
    const customer = await shop.customer();
    for (let n = 0; n < 4; n++) await customer.place(one());
    const first = await customer.orders('?limit=2');
    await customer.place(one());
    const second = await customer.orders(`?limit=2&cursor=${first.nextCursor}`);
    const seen = [...first.items, ...second.items].map(({ orderId }) => orderId);
    expect(new Set(seen).size).toBe(4);
  });

  it('are filtered by their status', async () => {
    const customer = await shop.customer();
    const { orderId: confirmed } = await customer.buy(one());
    const { orderId: cancelled } = await customer.buy(one(), 'tok_decline');
    const { orderId: pending } = (await customer.place(one(), 'tok_never')).expect(202);
    for (const [status, orderId] of Object.entries({ confirmed, cancelled, pending })) {
      const { items } = await customer.orders(`?status=${status}`);
      expect(items.map((order) => [order.orderId, order.status])).toEqual([[orderId, status]]);
    }
  });
});
