import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { currentMessage, Database, defineCommand } from '../../src/platform/index.js';
import { CancellationReason, OrderCancelled } from './contracts/index.js';
import { cancel } from './order.js';
import { lockOrder, saveOrder, unknownOrder } from './order-rows.js';

/** Cancels an order at any stage; the checkout then undoes what was done for it. */
export class CancelOrder extends defineCommand('ordering.cancel-order.v1', {
  payload: z.object({ orderId: z.uuid(), reason: CancellationReason }),
  errors: { unknown_order: z.object({}) },
}) {}

@CommandHandler(CancelOrder)
export class CancelOrderHandler implements ICommandHandler<CancelOrder> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId, reason }: CancelOrder) {
    const order = await lockOrder(this.database, orderId);
    const { sub, role } = currentMessage()!.actor;
    if (role === 'customer' && reason === 'requested' && order.customerId !== sub) throw unknownOrder(orderId);
    const cancelled = cancel(order, reason);
    if (!cancelled) return;
    await saveOrder(this.database, orderId, cancelled);
    this.events.publish(new OrderCancelled({ orderId, reason }));
  }
}
