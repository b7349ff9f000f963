import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { Database, newId } from '../../src/platform/index.js';
import { ReverseCharge } from './contracts/index.js';
import { changePayment } from './payment-rows.js';
import { reverse } from './payment.js';

@CommandHandler(ReverseCharge)
export class ReverseChargeHandler implements ICommandHandler<ReverseCharge> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  /** Where nothing was requested yet it leaves a mark, so that a `RequestCharge` that arrives late charges nothing. */
  async execute({ orderId }: ReverseCharge) {
    const mark = `INSERT INTO payment (payment_id, order_id, status) VALUES ($1, $2, 'averted')
                  ON CONFLICT (order_id) DO NOTHING`;
    await this.database.sql(mark, [newId(), orderId]);
    await changePayment(this.database, this.events, orderId, reverse);
  }
}
