import { z } from 'zod';
import { defineEvent } from '../../src/platform/index.js';

/*
 * What is to be done at the provider: committed with the state that wants it, done when no transaction is open. Not in
 * the contracts, and without the payment token, which stays in this module's table until the payment is settled.
 */

export class ChargeRequested extends defineEvent('payments.charge-requested.v1', {
  key: 'orderId',
  payload: z.object({ orderId: z.uuid() }),
}) {}

/** Nothing may stay charged for this order: what the provider has charged, or will have, is to be refunded. */
export class ReversalRequested extends defineEvent('payments.reversal-requested.v1', {
  key: 'orderId',
  payload: z.object({ orderId: z.uuid() }),
}) {}
