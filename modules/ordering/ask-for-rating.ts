import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, defineEvent, Subscription } from '../../src/platform/index.js';
import { lockOrder } from './order-rows.js';
import { RatingRequests } from './rating-requests.js';

/** Sent with the confirmation of an order, for three days later. Without effect once the order was cancelled. */
export class AskForRating extends defineCommand('ordering.ask-for-rating.v1', {
  payload: z.object({ orderId: z.uuid() }),
  errors: { unknown_order: z.object({}) },
}) {}

/** The customer is to be asked, when no transaction is open. Not in the contracts. */
export class RatingDue extends defineEvent('ordering.rating-due.v1', {
  key: 'orderId',
  payload: z.object({ orderId: z.uuid(), customerId: z.string() }),
  subject: 'customerId',
  personal: { customerId: 'erased' },
}) {}

@CommandHandler(AskForRating)
export class AskForRatingHandler implements ICommandHandler<AskForRating> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId }: AskForRating) {
    const { status, customerId } = await lockOrder(this.database, orderId);
    if (status === 'confirmed') this.events.publish(new RatingDue({ orderId, customerId }));
  }
}

@EventsHandler(RatingDue)
@Subscription({ name: 'rating-requests', external: true })
export class WhenRatingDue implements IEventHandler<RatingDue> {
  constructor(private readonly requests: RatingRequests) {}

  async handle({ orderId, customerId }: RatingDue) {
    await this.requests.ask(orderId, customerId);
  }
}
