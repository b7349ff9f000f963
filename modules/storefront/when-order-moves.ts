import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '../ordering/contracts/index.js';
import type { Moments } from './moments.js';
import { momentOf } from './moments.js';

/** Keeps ordering's part of the order page. Events of one order come in order; a repeated one changes nothing. */
@EventsHandler(OrderPlaced, OrderConfirmed, OrderCancelled)
@Subscription({ name: 'orders', rebuildable: true })
export class WhenOrderMoves implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: OrderPlaced | OrderConfirmed | OrderCancelled): Promise<void> {
    if (event instanceof OrderPlaced) await this.#open(event);
    else if (event instanceof OrderCancelled)
      await this.#end(event.orderId, 'cancelled', momentOf('order_cancelled'), event.reason);
    else await this.#end(event.orderId, 'confirmed', momentOf('order_confirmed'));
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM order_page');
  }

  async #open({ orderId, customerId, placedAt, total, lines }: OrderPlaced): Promise<void> {
    await this.database.sql(
      `INSERT INTO order_page (order_id, customer_id, status, placed_at, total, lines, moments)
       VALUES ($1, $2, 'pending', $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [orderId, customerId, placedAt, total, JSON.stringify(lines), momentOf('order_placed')],
    );
  }

  async #end(orderId: string, status: string, moments: Moments, reason?: string): Promise<void> {
    await this.database.sql(
      'UPDATE order_page SET status = $2, reason = $3, moments = moments || $4 WHERE order_id = $1',
      [orderId, status, reason ?? null, moments],
    );
  }
}
