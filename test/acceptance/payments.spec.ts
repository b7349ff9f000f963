import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Charge, Payment, Problem, Receipt } from '../support/shop-types.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import { kept, newKey, openShop } from '../support/shop.js';

const PRICE = 4200;
const ON_HAND = 5;

interface Ending {
  order: Partial<Receipt>;
  payment: Payment['status'];
  /** What the provider has in its books for the order. */
  charges: Partial<Charge>[];
  timeline: string[];
}

const charged: Ending = {
  order: { status: 'confirmed' },
  payment: 'charged',
  charges: [{ amount: PRICE, status: 'approved', refundedAmount: 0 }],
  timeline: ['order_placed', 'payment_charged', 'order_confirmed'],
};
const declined: Ending = {
  order: { status: 'cancelled', reason: 'payment_declined' },
  payment: 'declined',
  charges: [{ status: 'declined', refundedAmount: 0 }],
  timeline: ['order_placed', 'payment_declined', 'order_cancelled'],
};
const silent: Ending = {
  order: { status: 'cancelled', reason: 'payment_timeout' },
  payment: 'failed',
  charges: [],
  timeline: ['order_placed', 'payment_failed', 'order_cancelled'],
};

const TOKENS: [token: string, how: string, ending: Ending][] = [
  ['tok_approve', 'is charged once', charged],
  ['tok_slow', 'is charged once, though it takes three seconds', charged],
  ['tok_flaky', 'is charged once, though the first two calls fail', charged],
  ['tok_unknown_outcome', 'is charged once, though the call breaks off after the charge', charged],
  ['tok_decline', 'is cancelled', declined],
  ['tok_nobody_knows', 'is cancelled, as the provider declines what it does not know', declined],
  ['tok_never', 'is cancelled when the time is up', silent],
];

let shop: Shop;
let staff: Staff;
let customer: Customer;
/** What became of the order with each token: they all run at once, each on a product of its own. */
let outcomes: Map<string, { sku: string; receipt: Receipt }>;

beforeAll(async () => {
  shop = await openShop({ PAYMENT_TIMEOUT_MS: '6000' });
  [staff, customer] = [await shop.staff(), await shop.customer()];
  const buy = async (token: string) => {
    const sku = await staff.stocked(ON_HAND, PRICE);
    return [token, { sku, receipt: await customer.buy([{ sku, quantity: 1 }], token) }] as const;
  };
  outcomes = new Map(await Promise.all(TOKENS.map(([token]) => buy(token))));
}, 90_000);

describe('the payment token', () => {
  it.each(TOKENS)('%s %s', async (token, _, ending) => {
    const { sku, receipt } = outcomes.get(token)!;
    expect(receipt).toEqual({ orderId: receipt.orderId, ...ending.order });
    expect(await staff.charges(receipt.orderId)).toMatchObject(ending.charges);
    const payments = await staff.payments(receipt.orderId);
    expect(payments).toMatchObject([{ status: ending.payment, amount: PRICE, currency: 'EUR' }]);
    const reserved = ending.order.status === 'confirmed' ? 1 : 0;
    const released = async () => expect((await staff.level(sku)).reserved).toBe(reserved) ?? true;
    await eventually(released);
    expect(kept(await staff.charges(receipt.orderId))).toBe(reserved * PRICE);
  });

  it.each(TOKENS)('%s leaves its whole story on the page of the order', async (token, _, ending) => {
    const { sku, receipt } = outcomes.get(token)!;
    await eventually(async () => {
      const page = await customer.page(receipt.orderId);
      expect(page).toMatchObject({ ...receipt, total: { amount: PRICE, currency: 'EUR' } });
      expect(page.lines).toMatchObject([{ sku, name: `Thing ${sku}`, quantity: 1 }]);
      expect(page.payment).toMatchObject({ status: ending.payment, amount: PRICE, currency: 'EUR' });
      expect(page.timeline.map(({ event }) => event)).toEqual(ending.timeline);
      const times = page.timeline.map(({ at }) => Date.parse(at));
      expect(times).toEqual([...times].sort((a, b) => a - b));
      return true;
    });
  });

  it('is nowhere to be read afterwards', async () => {
    const { orderId } = outcomes.get('tok_unknown_outcome')!.receipt;
    const everything = [
      await customer.order(orderId),
      await customer.page(orderId),
      await staff.payments(orderId),
      await staff.charges(orderId),
    ];
    expect(JSON.stringify(everything)).not.toContain('tok_');
  });
});

describe('payments', () => {
  it('are told as the provider books them, under one key an order', async () => {
    const { orderId } = outcomes.get('tok_approve')!.receipt;
    const [payment, ...more] = await staff.payments(orderId);
    expect(more).toEqual([]);
    expect(payment).toEqual({
      paymentId: expect.any(String),
      orderId,
      amount: PRICE,
      currency: 'EUR',
      status: 'charged',
      createdAt: expect.any(String),
    });
    expect(await staff.charges(orderId)).toMatchObject([{ key: payment!.paymentId, orderId, amount: PRICE }]);
  });

  it('payments of an order that has none are none', async () => {
    const soldOut = (await staff.product()).sku;
    const { orderId } = await customer.buy([{ sku: soldOut, quantity: 1 }]);
    expect(await staff.payments(orderId)).toEqual([]);
    expect(await staff.charges(orderId)).toEqual([]);
    expect(await staff.payments(newKey())).toEqual([]);
  });

  it('payments of nothing are charged as nothing', async () => {
    const sku = await staff.stocked(1, 0);
    const { orderId, status } = await customer.buy([{ sku, quantity: 1 }]);
    expect(status).toBe('confirmed');
    expect(kept(await staff.charges(orderId))).toBe(0);
  });
});

describe('the page of an order', () => {
  it('is its owner’s and the staff’s; for others it is not there', async () => {
    const { orderId } = outcomes.get('tok_approve')!.receipt;
    const path = `/v1/storefront/orders/${orderId}`;
    expect(await staff.page(orderId)).toEqual(await customer.page(orderId));
    const other = await (await shop.customer()).get<Problem>(path);
    expect(other.expect(404).code).toBe('unknown_order');
    expect((await customer.get<Problem>(`/v1/storefront/orders/${newKey()}`)).expect(404).code).toBe('unknown_order');
  });

  it('shows an order that is not final yet', async () => {
    const sku = await staff.stocked(1, PRICE);
    const { orderId } = (await customer.place([{ sku, quantity: 1 }], 'tok_never')).expect(202);
    await eventually(async () => {
      const page = await customer.page(orderId);
      expect(page).toMatchObject({ orderId, status: 'pending', payment: null });
      expect(page.timeline.map(({ event }) => event)).toEqual(['order_placed']);
      return true;
    });
  });
});
