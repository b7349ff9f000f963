import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';
import { ProductFields, Sku } from './contracts/index.js';
import type { Product } from './product.js';
import { PRODUCT } from './product.js';

/** Products by SKU, beginning after `after`. The answer's `next` is the `after` of the next page, if there is one. */
export class ListProducts extends defineQuery('catalog.list-products.v1', {
  payload: z.object({ limit: z.int().min(1).max(100), after: Sku.optional() }),
  result: z.object({ items: z.array(ProductFields), next: Sku.optional() }),
}) {}

@QueryHandler(ListProducts)
export class ListProductsHandler implements IQueryHandler<ListProducts> {
  constructor(private readonly database: Database) {}

  async execute({ limit, after = '' }: ListProducts) {
    const text = `SELECT ${PRODUCT} FROM product WHERE sku > $1 ORDER BY sku LIMIT $2`;
    const rows = await this.database.sql<Product>(text, [after, limit + 1]);
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? items.at(-1)?.sku : undefined };
  }
}
