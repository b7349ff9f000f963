import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

/** `available` is `onHand − reserved`, never negative. */
export const StockLevel = z.object({
  sku: z.string(),
  onHand: z.int().min(0),
  reserved: z.int().min(0),
  available: z.int().min(0),
});

export class StockChanged extends defineEvent('inventory.stock-changed.v1', { key: 'sku', payload: StockLevel }) {}
