import { z } from 'zod';
import { Sku } from '../catalog/contracts/index.js';

/** What an order is made of. */
export const OrderFields = z.strictObject({
  lines: z
    .array(z.strictObject({ sku: Sku, quantity: z.int().min(1).max(1000) }))
    .min(1)
    .max(100),
  paymentToken: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'expected 1–200 printable ASCII characters'),
});

/** What a customer sends to place an order. */
export const OrderRequest = OrderFields.extend({
  lines: OrderFields.shape.lines.refine(
    (lines) => new Set(lines.map((line) => line.sku)).size === lines.length,
    'expected each sku once: add up the quantities',
  ),
}).meta({ examples: [{ lines: [{ sku: 'dripper', quantity: 1 }], paymentToken: 'tok_approve' }] });
