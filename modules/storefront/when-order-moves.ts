import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MessageContext } from '../../src/platform/index.js';
import { currentMessage, Database, Subscription } from '../../src/platform/index.js';
import { OrderCancelled, OrderConfirmed, OrderPlaced } from '../ordering/contracts/index.js';
import type { Moments } from './moments.js';
import { momentOf } from './moments.js';

type OrderMoved = OrderPlaced | OrderConfirmed | OrderCancelled;

/** Keeps ordering's part of the order page. Events of one order come in order; a repeated one changes nothing. */
@EventsHandler(OrderPlaced, OrderConfirmed, OrderCancelled)
@Subscription({ name: 'orders', rebuildable: true })
export class WhenOrderMoves implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: OrderMoved): Promise<void> {
    await this.handleBatch([event], [currentMessage()]);
  }

  /** Orders are opened before others, or they themselves, end. */
  async handleBatch(events: readonly OrderMoved[], messages: readonly (MessageContext | undefined)[]): Promise<void> {
    const placed: object[] = [];
    const ended = new Map<string, Ended>();
    for (const [nth, event] of events.entries()) {
      if (event instanceof OrderPlaced) placed.push({ ...event, moments: momentOf('order_placed', messages[nth]) });
      else ended.set(event.orderId, endOf(event, messages[nth], ended.get(event.orderId)?.moments));
    }
    if (placed.length > 0) await this.#open(placed);
    if (ended.size > 0) await this.#end([...ended.values()]);
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM order_page');
  }

  async #open(placed: readonly object[]): Promise<void> {
    await this.database.sql(
      `INSERT INTO order_page (order_id, customer_id, status, placed_at, total, lines, moments)
       SELECT "orderId", "customerId", 'pending', "placedAt", total, lines, moments
         FROM jsonb_to_recordset($1::jsonb) AS placed(
              "orderId" uuid, "customerId" text, "placedAt" timestamptz, total jsonb, lines jsonb, moments jsonb)
           ON CONFLICT DO NOTHING`,
      [JSON.stringify(placed)],
    );
  }

  async #end(ended: readonly Ended[]): Promise<void> {
    await this.database.sql(
      `UPDATE order_page SET status = ended.status, reason = ended.reason, moments = order_page.moments || ended.moments
         FROM jsonb_to_recordset($1::jsonb) AS ended("orderId" uuid, status text, reason text, moments jsonb)
        WHERE order_id = "orderId"`,
      [JSON.stringify(ended)],
    );
  }
}

interface Ended {
  orderId: string;
  status: 'confirmed' | 'cancelled';
  reason: string | undefined;
  moments: Moments;
}

function endOf(
  event: OrderConfirmed | OrderCancelled,
  message: MessageContext | undefined,
  before: Moments = {},
): Ended {
  const status = event instanceof OrderCancelled ? 'cancelled' : 'confirmed';
  const reason = event instanceof OrderCancelled ? event.reason : undefined;
  return { orderId: event.orderId, status, reason, moments: { ...before, ...momentOf(`order_${status}`, message) } };
}
