import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Level, Problem } from '../support/shop-types.js';
import type { Customer, Shop, Staff } from '../support/shop.js';
import { kept, newKey, openShop } from '../support/shop.js';

let shop: Shop;
let staff: Staff;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.staff();
}, 60_000);

const ON_HAND = 10;
const free = (sku: string): Level => ({ sku, onHand: ON_HAND, reserved: 0, available: ON_HAND });
const requested = (orderId: string) => ({ orderId, status: 'cancelled', reason: 'requested' });

/** An order that reserves three pieces of a product of its own, and costs 300. */
async function ordered(paymentToken: string) {
  const [sku, customer] = [await staff.stocked(ON_HAND, 100), await shop.customer()];
  const { orderId } = (await customer.place([{ sku, quantity: 3 }], paymentToken)).expect(200, 202);
  return { sku, customer, orderId };
}

async function confirmed() {
  const placed = await ordered('tok_approve');
  const isConfirmed = async () => (await placed.customer.order(placed.orderId)).status === 'confirmed';
  await eventually(isConfirmed, 'the order being confirmed');
  return placed;
}

/** The stock comes back and the money as well; the order stays cancelled by request. */
async function undone(sku: string, orderId: string, paymentStatus: string) {
  await eventually(async () => {
    expect((await staff.payments(orderId)).map(({ status }) => status)).toEqual([paymentStatus]);
    expect(await staff.level(sku)).toEqual(free(sku));
    return true;
  });
  expect(kept(await staff.charges(orderId))).toBe(0);
  expect(await staff.order(orderId)).toMatchObject(requested(orderId));
}

describe('a confirmed order that is cancelled', () => {
  it('is refunded, and its stock is there for others', async () => {
    const { sku, customer, orderId } = await confirmed();
    expect((await staff.level(sku)).reserved).toBe(3);
    expect((await customer.cancel(orderId)).expect(200)).toEqual(requested(orderId));
    await undone(sku, orderId, 'refunded');
    expect(await staff.charges(orderId)).toMatchObject([{ amount: 300, refundedAmount: 300, status: 'refunded' }]);
    const other = await shop.customer();
    expect((await other.buy([{ sku, quantity: ON_HAND }])).status).toBe('confirmed');
  });

  it('may be cancelled by staff', async () => {
    const { sku, orderId } = await confirmed();
    expect((await staff.cancel(orderId)).expect(200)).toEqual(requested(orderId));
    await undone(sku, orderId, 'refunded');
  });

  it('is refunded once, however often and by whomever it is cancelled at once', async () => {
    const { sku, customer, orderId } = await confirmed();
    const key = newKey();
    const cancel = [customer, staff, customer].flatMap((who: Customer) => [
      who.cancel(orderId, key),
      who.cancel(orderId),
    ]);
    for (const answer of await Promise.all(cancel)) expect(answer.expect(200)).toEqual(requested(orderId));
    await undone(sku, orderId, 'refunded');
    expect(await staff.charges(orderId)).toHaveLength(1);
  });

  it('shows it all on its page, in order', async () => {
    const { customer, orderId } = await confirmed();
    (await customer.cancel(orderId)).expect(200);
    await eventually(async () => {
      const { status, reason, payment, timeline } = await customer.page(orderId);
      expect([status, reason, payment?.status]).toEqual(['cancelled', 'requested', 'refunded']);
      const events = ['order_placed', 'payment_charged', 'order_confirmed', 'order_cancelled', 'payment_refunded'];
      expect(timeline.map(({ event }) => event)).toEqual(events);
      return true;
    });
  });
});

describe('a pending order that is cancelled', () => {
  it('at once is not charged, or refunded', async () => {
    const { sku, customer, orderId } = await ordered('tok_approve');
    expect((await customer.cancel(orderId)).expect(200)).toEqual(requested(orderId));
    await eventually(async () => {
      expect(await staff.level(sku)).toEqual(free(sku));
      for (const { status } of await staff.payments(orderId)) expect(['failed', 'refunded']).toContain(status);
      return true;
    });
    await eventually(async () => kept(await staff.charges(orderId)) === 0);
    expect(await staff.order(orderId)).toMatchObject(requested(orderId));
  });

  it('a pending order that is cancelled while the provider takes its time is refunded when the charge surfaces', async () => {
    const { sku, customer, orderId } = await ordered('tok_slow');
    await eventually(async () => (await staff.charges(orderId)).length === 1, 'the provider being called');
    expect((await customer.cancel(orderId)).expect(200)).toEqual(requested(orderId));
    await undone(sku, orderId, 'refunded');
  });

  it('a pending order that is cancelled while the provider is silent ends as requested, not by the timeout', async () => {
    const { sku, customer, orderId } = await ordered('tok_never');
    await eventually(async () => (await staff.payments(orderId)).length === 1, 'the payment being requested');
    expect((await customer.cancel(orderId)).expect(200)).toEqual(requested(orderId));
    await undone(sku, orderId, 'failed');
    expect(await staff.charges(orderId)).toEqual([]);
  });
});

describe('an order that is cancelled already', () => {
  it('keeps its reason', async () => {
    const { customer, orderId } = await ordered('tok_decline');
    await eventually(async () => (await customer.order(orderId)).status === 'cancelled');
    const declined = { orderId, status: 'cancelled', reason: 'payment_declined' };
    expect((await customer.cancel(orderId)).expect(200)).toEqual(declined);
    expect(await customer.order(orderId)).toMatchObject(declined);
  });

  it('can be cancelled again with the same key, not another order with it', async () => {
    const [first, second] = [await confirmed(), await confirmed()];
    const key = newKey();
    for (let n = 0; n < 2; n++) {
      expect((await staff.cancel(first.orderId, key)).expect(200)).toEqual(requested(first.orderId));
    }
    const other = await staff.cancel(second.orderId, key);
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect((await staff.order(second.orderId)).status).toBe('confirmed');
  });
});

describe('an order that does not exist', () => {
  it('cannot be cancelled by anybody', async () => {
    for (const who of [staff, await shop.customer()]) {
      const { body } = await who.cancel(newKey());
      expect(body as unknown as Problem).toMatchObject({ status: 404, code: 'unknown_order' });
    }
  });
});
