import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { ProductChanged, ProductPublished } from '../catalog/contracts/index.js';

/** Keeps the latest name and price of each product. */
@EventsHandler(ProductPublished, ProductChanged)
@Subscription({ name: 'products', rebuildable: true })
export class WhenProductChanges implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle({ sku, name, price }: ProductPublished | ProductChanged): Promise<void> {
    await this.database.sql(
      `INSERT INTO product_card (sku, name, price) VALUES ($1, $2, $3)
       ON CONFLICT (sku) DO UPDATE SET name = excluded.name, price = excluded.price`,
      [sku, name, price],
    );
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM product_card');
  }
}
