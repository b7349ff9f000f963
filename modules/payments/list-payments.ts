import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';
import { PaymentFields } from './contracts/index.js';

export const PaymentView = PaymentFields.extend({
  status: z.enum(['pending', 'charged', 'declined', 'failed', 'refunded']),
  createdAt: z.iso.datetime(),
}).meta({ id: 'Payment' });

/** The payment of an order, if one was requested. */
export class ListPayments extends defineQuery('payments.list-payments.v1', {
  payload: z.object({ orderId: z.uuid() }),
  result: z.array(PaymentView),
}) {}

@QueryHandler(ListPayments)
export class ListPaymentsHandler implements IQueryHandler<ListPayments> {
  constructor(private readonly database: Database) {}

  /** One that is being reversed is charged, as yet; one that was averted before it was requested is none. */
  async execute({ orderId }: ListPayments) {
    return await this.database.sql<z.output<typeof PaymentView>>(
      `SELECT payment_id AS "paymentId", order_id AS "orderId", amount::float8 AS amount, currency,
              CASE status WHEN 'reversing' THEN 'charged' ELSE status END AS status,
              to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt"
         FROM payment WHERE order_id = $1 AND status <> 'averted'`,
      [orderId],
    );
  }
}
