import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Conflict, Database, defineCommand } from '../../src/platform/index.js';
import { ProductFields, ProductPublished, Sku } from './contracts/index.js';
import { Product } from './product.entity.js';
import { ProductName } from './product.js';

export class PublishProduct extends defineCommand('catalog.publish-product.v1', {
  payload: ProductFields.extend({ name: ProductName }),
  result: ProductFields,
  errors: { product_exists: z.object({ sku: Sku }) },
}) {}

@CommandHandler(PublishProduct)
export class PublishProductHandler implements ICommandHandler<PublishProduct> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ sku, name, price }: PublishProduct) {
    const product = { sku, name, price };
    const insert = this.database.repository(Product).createQueryBuilder().insert().values(product).orIgnore();
    const inserted = (await insert.execute()).raw as unknown[];
    if (inserted.length === 0) throw new Conflict('product_exists', `There is a product ${sku} already.`, { sku });
    this.events.publish(new ProductPublished(product));
    return product;
  }
}
