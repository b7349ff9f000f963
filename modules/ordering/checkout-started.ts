import { z } from 'zod';
import { defineEvent } from '../../src/platform/index.js';
import { Total } from '../catalog/contracts/index.js';

export const CheckoutFields = z.object({
  orderId: z.uuid(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  total: Total,
  paymentToken: z.string(),
});

/** Begins the checkout. Not in the contracts: the payment token is nobody else's business. */
export class CheckoutStarted extends defineEvent('ordering.checkout-started.v1', {
  key: 'orderId',
  payload: CheckoutFields,
}) {}
