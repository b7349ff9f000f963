import type { EventBus } from '@nestjs/cqrs';
import type { Database } from '../../src/platform/index.js';
import { StockChanged } from './contracts/index.js';
import type { Stock } from './stock.js';
import { levelOf } from './stock.js';

/** Numbers, not the text that bigint arrives as; exact up to 2^53. */
export const STOCK = 'sku, on_hand::float8 AS "onHand", reserved::float8 AS reserved';

/**
 * Locks the stock of these SKUs until the commit; those without stock are left out.
 * @guarantee always in the same order, so that two orders for the same goods wait for each other and do not deadlock
 */
export async function lockStock(database: Database, skus: readonly string[]): Promise<Stock[]> {
  return await database.sql<Stock>(`SELECT ${STOCK} FROM stock WHERE sku = ANY ($1) ORDER BY sku FOR UPDATE`, [skus]);
}

/** Writes the new levels of locked stock, and says so. */
export async function saveStock(database: Database, events: EventBus, stocks: readonly Stock[]): Promise<void> {
  await database.sql(
    `UPDATE stock SET on_hand = level.on_hand, reserved = level.reserved, changed_at = now()
       FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS level (sku, on_hand, reserved)
      WHERE stock.sku = level.sku`,
    [stocks.map(({ sku }) => sku), stocks.map(({ onHand }) => onHand), stocks.map((stock) => stock.reserved)],
  );
  for (const stock of stocks) events.publish(new StockChanged(levelOf(stock)));
}
