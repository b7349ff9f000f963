import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
import { StockChanged } from '../inventory/contracts/index.js';

/** Keeps how much of each SKU is available, also of those whose product was not heard of yet. */
@EventsHandler(StockChanged)
@Subscription({ name: 'availability', rebuildable: true })
export class WhenStockChanges implements IEventHandler {
  constructor(private readonly database: Database) {}

  async handle(event: StockChanged): Promise<void> {
    await this.handleBatch([event]);
  }

  /** Of several for one SKU the last one counts. */
  async handleBatch(events: readonly StockChanged[]): Promise<void> {
    const latest = [...new Map(events.map(({ sku, available }) => [sku, { sku, available }])).values()];
    await this.database.sql(
      `INSERT INTO availability (sku, available)
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS latest(sku text, available bigint)
       ON CONFLICT (sku) DO UPDATE SET available = excluded.available`,
      [JSON.stringify(latest)],
    );
  }

  /** Forgets everything, before it is heard again from the beginning. */
  async reset(): Promise<void> {
    await this.database.sql('DELETE FROM availability');
  }
}
