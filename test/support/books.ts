import { expect } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import type { Charge, Order, Payment } from './shop-types.js';
import type { Staff } from './shop.js';
import { kept } from './shop.js';

/** Whatever was crashed, slowed down or doubled before: so long it may take until the books are in order. */
export const SETTLED_MS = 100_000;

/** Soon what is reserved is what the confirmed orders hold, to the piece. */
export async function expectStockToAddUp(staff: Staff, onHand: ReadonlyMap<string, number>, orders: Iterable<Order>) {
  const held = new Map<string, number>();
  for (const { status, lines } of orders) {
    for (const { sku, quantity } of status === 'confirmed' ? lines : []) held.set(sku, (held.get(sku) ?? 0) + quantity);
  }
  for (const [sku, pieces] of onHand) {
    const reserved = held.get(sku) ?? 0;
    const expected = { sku, onHand: pieces, reserved, available: pieces - reserved };
    await eventually(async () => expect(await staff.level(sku)).toEqual(expected) ?? true, undefined, SETTLED_MS);
    expect(reserved).toBeLessThanOrEqual(pieces);
  }
}

/** Soon a confirmed order is charged once, in full; of a cancelled one nothing is kept, by our books and by the provider's. */
export async function expectMoneyToAddUp(staff: Staff, orders: Iterable<Order>) {
  const all = [...orders];
  const look = async () => {
    const charges = await staff.charges();
    const payments = await Promise.all(all.map(({ orderId }) => staff.payments(orderId)));
    for (const [n, order] of all.entries()) {
      expectPaid(
        order,
        payments[n]!,
        charges.filter(({ orderId }) => orderId === order.orderId),
      );
    }
    return true;
  };
  await eventually(look, 'every payment being settled', SETTLED_MS);
}

function expectPaid({ orderId, status, total }: Order, payments: Payment[], charges: Charge[]) {
  const due = status === 'confirmed' ? total.amount : 0;
  expect({ orderId, kept: kept(charges) }).toEqual({ orderId, kept: due });
  expect(charges.length).toBeLessThanOrEqual(1);
  expect(payments.length).toBeLessThanOrEqual(1);
  if (status === 'confirmed') expect(payments).toMatchObject([{ status: 'charged', amount: due }]);
  for (const payment of status === 'cancelled' ? payments : []) {
    expect(['declined', 'failed', 'refunded']).toContain(payment.status);
  }
}
