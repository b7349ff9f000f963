import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded } from '../payments/contracts/index.js';
import { momentOf } from './moments.js';

type PaymentMoved = PaymentCharged | PaymentDeclined | PaymentFailed | PaymentRefunded;

/** Keeps payments' part of the order page, in a table of its own: the order may be heard of before or after. */
@EventsHandler(PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded)
@Subscription({ name: 'payments', rebuildable: true })
export class WhenPaymentMoves implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: PaymentMoved): Promise<void> {
    const { orderId, paymentId, amount, currency } = event;
    const status = statusAfter(event);
    await this.database.sql(
      `INSERT INTO order_payment (order_id, payment_id, status, amount, currency, moments)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (order_id) DO UPDATE
          SET payment_id = excluded.payment_id, status = excluded.status, amount = excluded.amount,
              currency = excluded.currency, moments = order_payment.moments || excluded.moments`,
      [orderId, paymentId, status, amount, currency, momentOf(`payment_${status}`)],
    );
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM order_payment');
  }
}

function statusAfter(event: PaymentMoved) {
  if (event instanceof PaymentCharged) return 'charged';
  if (event instanceof PaymentDeclined) return 'declined';
  return event instanceof PaymentFailed ? 'failed' : 'refunded';
}
