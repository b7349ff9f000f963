import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand } from '../../src/platform/index.js';
import { changePayment } from './payment-rows.js';
import { settle } from './payment.js';

/** Records how the attempts to charge an order ended. */
export class SettlePayment extends defineCommand('payments.settle-payment.v1', {
  payload: z.object({ orderId: z.uuid(), outcome: z.enum(['charged', 'declined', 'failed']) }),
}) {}

@CommandHandler(SettlePayment)
export class SettlePaymentHandler implements ICommandHandler<SettlePayment> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId, outcome }: SettlePayment) {
    await changePayment(this.database, this.events, orderId, (payment) => settle(payment, outcome));
  }
}
