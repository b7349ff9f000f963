import { z } from 'zod';
import { Sku } from '../catalog/contracts/index.js';

/** What a customer sends to place an order. */
export const OrderRequest = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: Sku, quantity: z.int().min(1).max(1000) }))
    .min(1)
    .max(100)
    .refine(
      (lines) => new Set(lines.map((line) => line.sku)).size === lines.length,
      'expected each sku once: add up the quantities',
    ),
  paymentToken: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'expected 1–200 printable ASCII characters'),
});
