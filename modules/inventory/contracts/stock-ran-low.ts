import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

/** Told once a night of every SKU of which few are left. */
export class StockRanLow extends defineEvent('inventory.stock-ran-low.v1', {
  key: 'sku',
  payload: z.object({ sku: z.string(), available: z.int().min(0) }),
}) {}
