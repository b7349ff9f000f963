import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { Database } from '../../src/platform/index.js';
import { ReserveStock } from './contracts/index.js';
import { reserved } from './stock.js';
import { lockStock, saveStock } from './stock-table.js';

@CommandHandler(ReserveStock)
export class ReserveStockHandler implements ICommandHandler<ReserveStock> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  /** An order has one reservation for ever: one that is there, held or released, makes this a repetition. */
  async execute({ orderId, lines }: ReserveStock): Promise<void> {
    const opened = await this.database.sql(
      `INSERT INTO reservation (order_id, status, lines) VALUES ($1, 'held', $2) ON CONFLICT DO NOTHING RETURNING order_id`,
      [orderId, JSON.stringify(lines)],
    );
    if (opened.length === 0) return;
    const skus = lines.map(({ sku }) => sku);
    const stocks = reserved(await lockStock(this.database, skus), lines);
    await saveStock(this.database, this.events, stocks);
  }
}
