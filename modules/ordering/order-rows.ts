import type { Database } from '../../src/platform/index.js';
import { NotFound } from '../../src/platform/index.js';
import type { OrderState } from './order.js';

export type LockedOrder = OrderState & { customerId: string };

/** Locks an order for the running transaction. @throws NotFound */
export async function lockOrder(database: Database, orderId: string): Promise<LockedOrder> {
  const text = `SELECT status, reason, customer_id AS "customerId" FROM orders WHERE order_id = $1 FOR UPDATE`;
  const [order] = await database.sql<LockedOrder>(text, [orderId]);
  if (!order) throw unknownOrder(orderId);
  return order;
}

export async function saveOrder(database: Database, orderId: string, { status, reason }: OrderState): Promise<void> {
  await database.sql('UPDATE orders SET status = $2, reason = $3 WHERE order_id = $1', [orderId, status, reason]);
}

export const unknownOrder = (orderId: string) => new NotFound('unknown_order', `There is no order ${orderId}.`);
