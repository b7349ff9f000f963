import { Conflict, Invalid } from '../../src/platform/index.js';

export type OrderStatus = 'pending' | 'confirmed' | 'cancelled';
export type CancellationReason = 'out_of_stock' | 'payment_declined' | 'payment_timeout' | 'requested' | 'unavailable';

export interface Money {
  amount: number;
  currency: string;
}

export interface OrderLine {
  sku: string;
  name: string;
  quantity: number;
  unitPrice: Money;
}

/** What the aggregate decides on; the rest of the order never changes after it was placed. */
export interface OrderState {
  status: OrderStatus;
  reason: CancellationReason | null;
}

/**
 * Prices the lines of an order.
 * @throws Invalid when the lines are not all in one currency
 */
export function totalOf(lines: readonly OrderLine[]): Money {
  const currencies = [...new Set(lines.map((line) => line.unitPrice.currency))];
  if (currencies.length !== 1) {
    throw new Invalid('mixed_currencies', `One order is paid in one currency, not in ${currencies.join(' and ')}.`, {
      currencies,
    });
  }
  const amount = lines.reduce((sum, line) => sum + line.unitPrice.amount * line.quantity, 0);
  return { amount, currency: currencies[0]! };
}

/** @returns the new state; `undefined` when it is confirmed already */
export function confirm(order: OrderState): OrderState | undefined {
  if (order.status === 'confirmed') return undefined;
  if (order.status === 'cancelled') throw new Conflict('order_cancelled', 'The order was cancelled in the meantime.');
  return { status: 'confirmed', reason: null };
}

/** An order can be cancelled at any time, once. @returns the new state; `undefined` when it is cancelled already */
export function cancel(order: OrderState, reason: CancellationReason): OrderState | undefined {
  return order.status === 'cancelled' ? undefined : { status: 'cancelled', reason };
}
