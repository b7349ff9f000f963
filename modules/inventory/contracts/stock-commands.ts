import { z } from 'zod';
import { defineCommand } from '../../../src/platform/messaging/define.js';

/** Reserves all lines of an order, or none. Repeating it for the same order changes nothing. */
export class ReserveStock extends defineCommand('inventory.reserve-stock.v1', {
  payload: z.object({
    orderId: z.uuid(),
    lines: z
      .array(z.object({ sku: z.string(), quantity: z.int().min(1) }))
      .min(1)
      .max(100),
  }),
  errors: { out_of_stock: z.object({ skus: z.array(z.string()) }) },
}) {}

/** Gives back what was reserved for an order. Harmless when nothing was. */
export class ReleaseStock extends defineCommand('inventory.release-stock.v1', {
  payload: z.object({ orderId: z.uuid() }),
}) {}
