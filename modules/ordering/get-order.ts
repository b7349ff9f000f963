import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';
import { unknownOrder } from './order-rows.js';
import { OrderView, ORDER_VIEW } from './order-view.js';

/** One order, as its owner sees it; for staff `customerId` is absent, and any order will do. */
export class GetOrder extends defineQuery('ordering.get-order.v1', {
  payload: z.object({ orderId: z.uuid(), customerId: z.string().optional() }),
  result: OrderView,
  errors: { unknown_order: z.object({}) },
}) {}

@QueryHandler(GetOrder)
export class GetOrderHandler implements IQueryHandler<GetOrder> {
  constructor(private readonly database: Database) {}

  async execute({ orderId, customerId }: GetOrder) {
    const text = `SELECT ${ORDER_VIEW} FROM orders WHERE order_id = $1 AND ($2::text IS NULL OR customer_id = $2)`;
    const [found] = await this.database.sql<{ view: OrderView }>(text, [orderId, customerId ?? null]);
    if (!found) throw unknownOrder(orderId);
    return found.view;
  }
}
