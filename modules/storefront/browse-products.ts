import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, Freshness } from '../../src/platform/index.js';
import { ProductFields, Sku } from '../catalog/contracts/index.js';

/** The subscriptions that fill the page. */
const FEEDS = ['storefront.products', 'storefront.availability'];
const STALE_MS = 5000;

export const ProductCard = ProductFields.extend({ available: z.int().min(0) }).meta({ id: 'ProductCard' });

/** The producers that may have said more than the page shows. */
export const Degraded = z.array(z.string());

/** Products by SKU, beginning after `after`. The answer's `next` is the `after` of the next page, if there is one. */
export class BrowseProducts extends defineQuery('storefront.browse-products.v1', {
  payload: z.object({ limit: z.int().min(1).max(100), after: Sku.optional() }),
  result: z.object({ items: z.array(ProductCard), next: Sku.optional(), degraded: Degraded }),
}) {}

@QueryHandler(BrowseProducts)
export class BrowseProductsHandler implements IQueryHandler<BrowseProducts> {
  constructor(
    private readonly database: Database,
    private readonly freshness: Freshness,
  ) {}

  async execute({ limit, after = '' }: BrowseProducts) {
    const rows = await this.database.sql<z.output<typeof ProductCard>>(
      `SELECT sku, name, price, coalesce(available, 0)::float8 AS available
         FROM product_card LEFT JOIN availability USING (sku)
        WHERE sku > $1 ORDER BY sku LIMIT $2`,
      [after, limit + 1],
    );
    const items = rows.slice(0, limit);
    const degraded = this.freshness.staleProducers(FEEDS, STALE_MS);
    return { items, next: rows.length > limit ? items.at(-1)?.sku : undefined, degraded };
  }
}
