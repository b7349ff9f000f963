import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, Scheduled } from '../../src/platform/index.js';
import { StockRanLow } from './contracts/index.js';
import { availableOf, isLow } from './stock.js';
import type { Stock } from './stock.js';
import { STOCK } from './stock-table.js';

/** Says of which SKUs few are left. */
export class CheckStock extends defineCommand('inventory.check-stock.v1', { payload: z.object({}) }) {}

@CommandHandler(CheckStock)
@Scheduled({ name: 'nightly-stock-check', cron: '30 2 * * *', timezone: 'Europe/Berlin' })
export class CheckStockHandler implements ICommandHandler<CheckStock> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute() {
    const stocks = await this.database.sql<Stock>(`SELECT ${STOCK} FROM stock ORDER BY sku`);
    for (const stock of stocks.filter(isLow))
      this.events.publish(new StockRanLow({ sku: stock.sku, available: availableOf(stock) }));
  }
}
