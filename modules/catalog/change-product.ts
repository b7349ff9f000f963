import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, NotFound } from '../../src/platform/index.js';
import { Money, ProductChanged, ProductFields, Sku } from './contracts/index.js';
import { Product } from './product.entity.js';
import { changed, ProductName } from './product.js';

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
    const products = this.database.repository(Product);
    // Locked: two changes at the same time would otherwise each undo what the other did not name.
    const before = await products.findOne({ where: { sku }, lock: { mode: 'pessimistic_write' } });
    if (!before) throw new NotFound('unknown_product', `There is no product ${sku}.`, { sku });
    const product = changed(before, changes);
    if (product === before) return product;
    await products.update({ sku }, { name: product.name, price: product.price });
    this.events.publish(new ProductChanged(product));
    return product;
  }
}
