import { z } from 'zod';

/** What a customer sends to place an order. */
export const OrderRequest = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: z.string().min(1).max(64), quantity: z.int().min(1).max(1000) }))
    .min(1)
    .max(100)
    .refine(
      (lines) => new Set(lines.map((line) => line.sku)).size === lines.length,
      'expected each sku once: add up the quantities',
    ),
  paymentToken: z.string().min(1).max(200),
});
