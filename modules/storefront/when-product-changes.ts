import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { ProductChanged, ProductPublished } from '../catalog/contracts/index.js';

/** Keeps the latest name and price of each product. */
@EventsHandler(ProductPublished, ProductChanged)
@Subscription({ name: 'products', rebuildable: true })
export class WhenProductChanges implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: ProductPublished | ProductChanged): Promise<void> {
    await this.handleBatch([event]);
  }

  /** Of several for one SKU the last one counts. */
  async handleBatch(events: readonly (ProductPublished | ProductChanged)[]): Promise<void> {
    const latest = [...new Map(events.map(({ sku, name, price }) => [sku, { sku, name, price }])).values()];
    await this.database.sql(
      `INSERT INTO product_card (sku, name, price)
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS latest(sku text, name text, price jsonb)
       ON CONFLICT (sku) DO UPDATE SET name = excluded.name, price = excluded.price`,
      [JSON.stringify(latest)],
    );
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM product_card');
  }
}
