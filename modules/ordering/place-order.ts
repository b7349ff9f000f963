import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, Invalid, newId } from '../../src/platform/index.js';
import { FindProducts } from '../catalog/contracts/index.js';
import { CheckoutStarted } from './checkout-started.js';
import type { OrderLine } from './contracts/index.js';
import { OrderPlaced } from './contracts/index.js';
import { OrderFields } from './order-request.js';
import { totalOf } from './order.js';

export class PlaceOrder extends defineCommand('ordering.place-order.v1', {
  payload: OrderFields.extend({ customerId: z.string() }),
  result: z.object({ orderId: z.uuid() }),
  errors: {
    unknown_products: z.object({ skus: z.array(z.string()) }),
    mixed_currencies: z.object({ currencies: z.array(z.string()) }),
  },
  subject: 'customerId',
  personal: { customerId: 'erased' },
}) {}

@CommandHandler(PlaceOrder)
export class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly events: EventBus,
  ) {}

  async execute({ customerId, lines: wanted, paymentToken }: PlaceOrder) {
    const lines = await this.#priced(wanted);
    const total = totalOf(lines);
    const orderId = newId();
    const placedAt = new Date().toISOString();
    await this.database.sql(
      `INSERT INTO orders (order_id, customer_id, status, lines, total, placed_at) VALUES ($1, $2, 'pending', $3, $4, $5)`,
      [orderId, customerId, JSON.stringify(lines), JSON.stringify(total), placedAt],
    );
    this.events.publish(new OrderPlaced({ orderId, customerId, lines, total, placedAt }));
    this.events.publish(
      new CheckoutStarted({
        orderId,
        lines: wanted.map(({ sku, quantity }) => ({ sku, quantity })),
        total,
        paymentToken,
      }),
    );
    return { orderId };
  }

  /** Asks the catalog before the transaction begins: the order keeps the names and prices of this moment. */
  async #priced(wanted: PlaceOrder['lines']): Promise<OrderLine[]> {
    const products = await this.queries.execute(new FindProducts({ skus: wanted.map((line) => line.sku) }));
    const bySku = new Map(products.map((product) => [product.sku, product]));
    const skus = wanted.map((line) => line.sku).filter((sku) => !bySku.has(sku));
    if (skus.length > 0) throw new Invalid('unknown_products', `There is no product ${skus.join(', ')}.`, { skus });
    return wanted.map(({ sku, quantity }) => ({
      sku,
      quantity,
      name: bySku.get(sku)!.name,
      unitPrice: bySku.get(sku)!.price,
    }));
  }
}
