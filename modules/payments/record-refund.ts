import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand } from '../../src/platform/index.js';
import { changePayment } from './payment-rows.js';
import { refunded } from './payment.js';

/** Records that the provider has refunded an order. */
export class RecordRefund extends defineCommand('payments.record-refund.v1', {
  payload: z.object({ orderId: z.uuid() }),
}) {}

@CommandHandler(RecordRefund)
export class RecordRefundHandler implements ICommandHandler<RecordRefund> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId }: RecordRefund) {
    await changePayment(this.database, this.events, orderId, refunded);
  }
}
