import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { currentMessage, Database, defineCommand } from '../../src/platform/index.js';
import { Sku } from '../catalog/contracts/index.js';
import { StockLevel } from './contracts/index.js';
import { adjusted, levelOf } from './stock.js';
import { lockStock, saveStock } from './stock-table.js';

export const Adjustment = z.strictObject({
  delta: z.union([z.int().min(-1_000_000).max(-1), z.int().min(1).max(1_000_000)], {
    error: 'expected a whole number from -1000000 to 1000000, but not 0',
  }),
  reason: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'expected text without control characters'),
});

/**
 * Goods came in, went out or were counted anew. Opens the stock of a SKU that has none: whoever sends this knows that
 * there is such a product, see {@link GetStock}.
 */
export class AdjustStock extends defineCommand('inventory.adjust-stock.v1', {
  payload: z.object({ sku: Sku, ...Adjustment.shape }),
  result: StockLevel,
  errors: { insufficient_stock: z.object({ sku: Sku, available: z.int() }) },
}) {}

@CommandHandler(AdjustStock)
export class AdjustStockHandler implements ICommandHandler<AdjustStock> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ sku, delta, reason }: AdjustStock) {
    await this.database.sql('INSERT INTO stock (sku) VALUES ($1) ON CONFLICT DO NOTHING', [sku]);
    const [before] = await lockStock(this.database, [sku]);
    const stock = adjusted(before!, delta);
    await saveStock(this.database, this.events, [stock]);
    await this.#enter(sku, delta, reason);
    return levelOf(stock);
  }

  /** The ledger: who changed how much, and why. */
  async #enter(sku: string, delta: number, reason: string): Promise<void> {
    const text = 'INSERT INTO stock_adjustment (sku, delta, reason, actor) VALUES ($1, $2, $3, $4)';
    await this.database.sql(text, [sku, delta, reason, currentMessage()!.actor.sub]);
  }
}
