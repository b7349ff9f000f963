import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { Database, newId } from '../../src/platform/index.js';
import { PaymentFailed, RequestCharge } from './contracts/index.js';
import { ChargeRequested } from './intents.js';

@CommandHandler(RequestCharge)
export class RequestChargeHandler implements ICommandHandler<RequestCharge> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId, amount, currency, paymentToken }: RequestCharge) {
    const [begun] = await this.database.sql<{ paymentId: string; status: 'pending' | 'failed' }>(
      `INSERT INTO payment (payment_id, order_id, status, amount, currency, payment_token)
       VALUES ($1, $2, 'pending', $3, $4, $5)
       ON CONFLICT (order_id) DO UPDATE
          SET status = 'failed', amount = excluded.amount, currency = excluded.currency
        WHERE payment.status = 'averted'
       RETURNING payment_id AS "paymentId", status`,
      [newId(), orderId, amount, currency, paymentToken],
    );
    if (!begun) return await this.#known(orderId);
    const { paymentId, status } = begun;
    if (status === 'pending') this.events.publish(new ChargeRequested({ orderId }));
    else this.events.publish(new PaymentFailed({ paymentId, orderId, amount, currency }));
    return { paymentId };
  }

  async #known(orderId: string) {
    const text = 'SELECT payment_id AS "paymentId" FROM payment WHERE order_id = $1';
    const [payment] = await this.database.sql<{ paymentId: string }>(text, [orderId]);
    return payment!;
  }
}
