import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, Outbox } from '../../src/platform/index.js';
import { AskForRating } from './ask-for-rating.js';
import { OrderConfirmed } from './contracts/index.js';
import { confirm } from './order.js';
import { lockOrder, saveOrder } from './order-rows.js';

/** Sent by the checkout when the stock is reserved and the payment charged. */
export class ConfirmOrder extends defineCommand('ordering.confirm-order.v1', {
  payload: z.object({ orderId: z.uuid() }),
  errors: { unknown_order: z.object({}), order_cancelled: z.object({}) },
}) {}

@CommandHandler(ConfirmOrder)
export class ConfirmOrderHandler implements ICommandHandler<ConfirmOrder> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
    private readonly outbox: Outbox,
  ) {}

  async execute({ orderId }: ConfirmOrder) {
    const confirmed = confirm(await lockOrder(this.database, orderId));
    if (!confirmed) return;
    await saveOrder(this.database, orderId, confirmed);
    this.events.publish(new OrderConfirmed({ orderId }));
    this.outbox.send(new AskForRating({ orderId }), { after: '3 days', key: orderId });
  }
}
