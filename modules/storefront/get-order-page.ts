import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, NotFound } from '../../src/platform/index.js';
import { Total } from '../catalog/contracts/index.js';
import { CancellationReason, OrderLine } from '../ordering/contracts/index.js';
import { PaymentFields } from '../payments/contracts/index.js';
import type { Moments } from './moments.js';
import { Moment, timeline } from './moments.js';

const Payment = PaymentFields.omit({ orderId: true }).extend({
  status: z.enum(['charged', 'declined', 'failed', 'refunded']),
});

export const OrderPage = z
  .object({
    orderId: z.uuid(),
    status: z.enum(['pending', 'confirmed', 'cancelled']),
    reason: CancellationReason.optional(),
    placedAt: z.iso.datetime(),
    total: Total,
    lines: z.array(OrderLine),
    payment: Payment.nullable(),
    timeline: z.array(Moment),
  })
  .meta({ id: 'OrderPage' });

type Page = z.output<typeof OrderPage>;

interface Row extends Pick<Page, 'orderId' | 'status' | 'total' | 'lines' | 'payment'> {
  reason: Page['reason'] | null;
  placedAt: Date;
  orderMoments: Moments;
  paymentMoments: Moments | null;
}

/** The page of an order; with a `customerId` only if it is that customer's. */
export class GetOrderPage extends defineQuery('storefront.get-order-page.v1', {
  payload: z.object({ orderId: z.uuid(), customerId: z.string().optional() }),
  result: OrderPage,
  errors: { unknown_order: z.object({ orderId: z.uuid() }) },
}) {}

const READ = `
  SELECT placed.order_id AS "orderId", placed.status, placed.reason, placed.placed_at AS "placedAt", placed.total, placed.lines,
         placed.moments AS "orderMoments", paid.moments AS "paymentMoments",
         CASE WHEN paid.order_id IS NOT NULL THEN json_build_object(
           'paymentId', paid.payment_id, 'status', paid.status, 'amount', paid.amount, 'currency', paid.currency) END AS payment
    FROM order_page AS placed LEFT JOIN order_payment AS paid USING (order_id)
   WHERE placed.order_id = $1 AND ($2::text IS NULL OR placed.customer_id = $2)`;

@QueryHandler(GetOrderPage)
export class GetOrderPageHandler implements IQueryHandler<GetOrderPage> {
  constructor(private readonly database: Database) {}

  async execute({ orderId, customerId }: GetOrderPage) {
    const [row] = await this.database.sql<Row>(READ, [orderId, customerId ?? null]);
    if (!row) throw new NotFound('unknown_order', `There is no order ${orderId}.`, { orderId });
    const { reason, placedAt, orderMoments, paymentMoments, ...rest } = row;
    return {
      ...rest,
      ...(reason && { reason }),
      placedAt: placedAt.toISOString(),
      timeline: timeline(orderMoments, paymentMoments ?? {}),
    };
  }
}
