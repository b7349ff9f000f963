import type { z } from 'zod';
import { Conflict } from '../../src/platform/index.js';
import type { ReserveStock, StockLevel } from './contracts/index.js';

/** The stock of one SKU. `reserved` is the part of `onHand` that is held for orders: `0 ≤ reserved ≤ onHand`. */
export interface Stock {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

export type Lines = ReserveStock['lines'];

export const availableOf = ({ onHand, reserved }: Stock): number => onHand - reserved;

/** Whether it is time to order some. */
export const isLow = (stock: Stock): boolean => availableOf(stock) < 5;

export const levelOf = (stock: Stock): z.output<typeof StockLevel> => ({ ...stock, available: availableOf(stock) });

/**
 * Stock after goods came in or went out.
 * @throws Conflict `insufficient_stock` when less would be there than is held for orders
 */
export function adjusted(stock: Stock, delta: number): Stock {
  const available = availableOf(stock);
  if (available + delta >= 0) return { ...stock, onHand: stock.onHand + delta };
  const details = { sku: stock.sku, available };
  throw new Conflict('insufficient_stock', `Only ${available} of ${stock.sku} can be taken away.`, details);
}

/**
 * The stocks with all lines reserved.
 * @param stocks those of the lines' SKUs; a SKU that is missing has none
 * @throws Conflict `out_of_stock` that names every SKU of which there is not enough
 */
export function reserved(stocks: readonly Stock[], lines: Lines): Stock[] {
  const wanted = quantities(lines);
  const available = new Map(stocks.map((stock) => [stock.sku, availableOf(stock)]));
  const skus = [...wanted].filter(([sku, quantity]) => (available.get(sku) ?? 0) < quantity).map(([sku]) => sku);
  if (skus.length > 0) throw new Conflict('out_of_stock', `There is not enough of ${skus.join(', ')}.`, { skus });
  return stocks.map((stock) => ({ ...stock, reserved: stock.reserved + wanted.get(stock.sku)! }));
}

/** The stocks with what was reserved for these lines given back. */
export function released(stocks: readonly Stock[], lines: Lines): Stock[] {
  const held = quantities(lines);
  return stocks.map((stock) => ({ ...stock, reserved: stock.reserved - held.get(stock.sku)! }));
}

/** How much of each SKU: nobody promised that a SKU is in one line only. */
function quantities(lines: Lines): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return sums;
}
