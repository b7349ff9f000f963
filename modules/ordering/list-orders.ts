import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';
import { OrderStatus, OrderView, ORDER_VIEW } from './order-view.js';

/** A page of orders, newest first, after a given one; of one customer, or of all. `more` follow unless it is the last. */
export class ListOrders extends defineQuery('ordering.list-orders.v1', {
  payload: z.object({
    customerId: z.string().optional(),
    status: OrderStatus.optional(),
    after: z.object({ placedAt: z.string(), orderId: z.uuid() }).optional(),
    limit: z.int().min(1).max(100),
  }),
  result: z.object({ items: z.array(OrderView), more: z.boolean() }),
}) {}

@QueryHandler(ListOrders)
export class ListOrdersHandler implements IQueryHandler<ListOrders> {
  constructor(private readonly database: Database) {}

  async execute({ customerId, status, after, limit }: ListOrders) {
    // The page first, then its views: a plan that sorts would make a view of every order of the customer.
    const found = await this.database.sql<{ view: OrderView }>(
      `SELECT ${ORDER_VIEW} FROM (
         SELECT * FROM orders
          WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR status = $2)
            AND ($3::timestamptz IS NULL OR (placed_at, order_id) < ($3, $4::uuid))
          ORDER BY placed_at DESC, order_id DESC LIMIT $5) page
        ORDER BY placed_at DESC, order_id DESC`,
      [customerId ?? null, status ?? null, after?.placedAt ?? null, after?.orderId ?? null, limit + 1],
    );
    return { items: found.slice(0, limit).map(({ view }) => view), more: found.length > limit };
  }
}
