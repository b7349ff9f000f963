import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MessageContext } from '../../src/platform/index.js';
import { currentMessage, Database, Subscription } from '../../src/platform/index.js';
import { PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded } from '../payments/contracts/index.js';
import type { Moments } from './moments.js';
import { momentOf } from './moments.js';

type PaymentMoved = PaymentCharged | PaymentDeclined | PaymentFailed | PaymentRefunded;

/** Keeps payments' part of the order page, in a table of its own: the order may be heard of before or after. */
@EventsHandler(PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded)
@Subscription({ name: 'payments', rebuildable: true })
export class WhenPaymentMoves implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: PaymentMoved): Promise<void> {
    await this.handleBatch([event], [currentMessage()]);
  }

  /** Of several for one order the last one counts; when each was is kept. */
  async handleBatch(events: readonly PaymentMoved[], messages: readonly (MessageContext | undefined)[]): Promise<void> {
    const latest = new Map<string, { moments: Moments; [column: string]: unknown }>();
    for (const [nth, event] of events.entries()) {
      const status = statusAfter(event);
      const moments = { ...latest.get(event.orderId)?.moments, ...momentOf(`payment_${status}`, messages[nth]) };
      latest.set(event.orderId, { ...event, status, moments });
    }
    await this.database.sql(
      `INSERT INTO order_payment (order_id, payment_id, status, amount, currency, moments)
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS latest(
              "orderId" uuid, "paymentId" uuid, status text, amount bigint, currency text, moments jsonb)
       ON CONFLICT (order_id) DO UPDATE
          SET payment_id = excluded.payment_id, status = excluded.status, amount = excluded.amount,
              currency = excluded.currency, moments = order_payment.moments || excluded.moments`,
      [JSON.stringify([...latest.values()])],
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
