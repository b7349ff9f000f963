import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { MoreThan } from 'typeorm';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';
import { ProductFields, Sku } from './contracts/index.js';
import { Product } from './product.entity.js';

/** Products by SKU, beginning after `after`. The answer's `next` is the `after` of the next page, if there is one. */
export class ListProducts extends defineQuery('catalog.list-products.v1', {
  payload: z.object({ limit: z.int().min(1).max(100), after: Sku.optional() }),
  result: z.object({ items: z.array(ProductFields), next: Sku.optional() }),
}) {}

@QueryHandler(ListProducts)
export class ListProductsHandler implements IQueryHandler<ListProducts> {
  constructor(private readonly database: Database) {}

  async execute({ limit, after = '' }: ListProducts) {
    const products = await this.database.repository(Product).find({
      where: { sku: MoreThan(after) },
      order: { sku: 'ASC' },
      take: limit + 1,
    });
    const items = products.slice(0, limit);
    return { items, next: products.length > limit ? items.at(-1)?.sku : undefined };
  }
}
