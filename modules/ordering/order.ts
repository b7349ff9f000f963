import type { z } from 'zod';
import { Conflict, Invalid } from '../../src/platform/index.js';
import type { Total } from '../catalog/contracts/index.js';
import type { CancellationReason, OrderLine } from './contracts/index.js';
import type { OrderView } from './order-view.js';

type Reason = z.output<typeof CancellationReason>;

/** What the aggregate decides on; the rest of the order never changes after it was placed. */
export interface OrderState {
  status: OrderView['status'];
  reason: Reason | null;
}

/**
 * Prices the lines of an order.
 * @throws Invalid when the lines are not all in one currency
 */
export function totalOf(lines: readonly OrderLine[]): z.output<typeof Total> {
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
export function cancel(order: OrderState, reason: Reason): OrderState | undefined {
  return order.status === 'cancelled' ? undefined : { status: 'cancelled', reason };
}
