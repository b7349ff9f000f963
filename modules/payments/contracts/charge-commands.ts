import { z } from 'zod';
import { defineCommand } from '../../../src/platform/messaging/define.js';

/** Begins to charge an order; how it ended comes as an event. Repeating it for the same order changes nothing. */
export class RequestCharge extends defineCommand('payments.request-charge.v1', {
  payload: z.object({
    orderId: z.uuid(),
    amount: z.int().min(0),
    currency: z.string().length(3),
    paymentToken: z.string(),
  }),
  result: z.object({ paymentId: z.uuid() }),
}) {}

/** Makes sure that nothing stays charged for an order, also when its charge surfaces later. Harmless when nothing was. */
export class ReverseCharge extends defineCommand('payments.reverse-charge.v1', {
  payload: z.object({ orderId: z.uuid() }),
}) {}
