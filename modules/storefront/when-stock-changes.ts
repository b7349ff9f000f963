import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { StockChanged } from '../inventory/contracts/index.js';

/** Keeps how much of each SKU is available, also of those whose product was not heard of yet. */
@EventsHandler(StockChanged)
@Subscription({ name: 'availability', rebuildable: true })
export class WhenStockChanges implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle({ sku, available }: StockChanged): Promise<void> {
    await this.database.sql(
      `INSERT INTO availability (sku, available) VALUES ($1, $2)
       ON CONFLICT (sku) DO UPDATE SET available = excluded.available`,
      [sku, available],
    );
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM availability');
  }
}
