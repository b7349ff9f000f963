import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { Database } from '../../src/platform/index.js';
import { ReleaseStock } from './contracts/index.js';
import type { Lines } from './stock.js';
import { released } from './stock.js';
import { lockStock, saveStock } from './stock-table.js';

@CommandHandler(ReleaseStock)
export class ReleaseStockHandler implements ICommandHandler<ReleaseStock> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ orderId }: ReleaseStock): Promise<void> {
    const lines = await this.#close(orderId);
    if (lines.length === 0) return;
    const skus = lines.map(({ sku }) => sku);
    const stocks = released(await lockStock(this.database, skus), lines);
    await saveStock(this.database, this.events, stocks);
  }

  /**
   * Marks the reservation as released; where there is none it leaves a released one without lines, so that a
   * `ReserveStock` that arrives late cannot hold stock for an order that is given up.
   * @returns the lines that were held until now
   */
  async #close(orderId: string): Promise<Lines> {
    const [closed] = await this.database.sql<{ lines: Lines }>(
      `INSERT INTO reservation (order_id, status, lines) VALUES ($1, 'released', '[]')
       ON CONFLICT (order_id) DO UPDATE SET status = 'released', changed_at = now() WHERE reservation.status = 'held'
       RETURNING lines`,
      [orderId],
    );
    return closed?.lines ?? [];
  }
}
