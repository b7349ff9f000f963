import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, NotFound } from '../../src/platform/index.js';
import { Money, ProductChanged, ProductFields, Sku } from './contracts/index.js';
import type { Product } from './product.js';
import { changed, PRODUCT, ProductName } from './product.js';

/** Changes name, price or both. */
export class ChangeProduct extends defineCommand('catalog.change-product.v1', {
  payload: z.object({ sku: Sku, name: ProductName.optional(), price: Money.optional() }),
  result: ProductFields,
  errors: { unknown_product: z.object({ sku: Sku }) },
}) {}

@CommandHandler(ChangeProduct)
export class ChangeProductHandler implements ICommandHandler<ChangeProduct> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ sku, ...changes }: ChangeProduct) {
    const before = await this.#lock(sku);
    const product = changed(before, changes);
    if (product === before) return product;
    await this.#save(product);
    this.events.publish(new ProductChanged(product));
    return product;
  }

  /** Two changes at the same time would otherwise each undo what the other did not name. */
  async #lock(sku: string): Promise<Product> {
    const [product] = await this.database.sql<Product>(`SELECT ${PRODUCT} FROM product WHERE sku = $1 FOR UPDATE`, [
      sku,
    ]);
    if (!product) throw new NotFound('unknown_product', `There is no product ${sku}.`, { sku });
    return product;
  }

  async #save({ sku, name, price }: Product): Promise<void> {
    const text = 'UPDATE product SET name = $2, amount = $3, currency = $4, changed_at = now() WHERE sku = $1';
    await this.database.sql(text, [sku, name, price.amount, price.currency]);
  }
}
