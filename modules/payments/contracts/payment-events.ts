import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

export const PaymentFields = z.object({
  paymentId: z.uuid(),
  orderId: z.uuid(),
  amount: z.int().min(0),
  currency: z.string().length(3),
});

export class PaymentCharged extends defineEvent('payments.payment-charged.v1', {
  key: 'orderId',
  payload: PaymentFields,
}) {}

/** The provider refused it. */
export class PaymentDeclined extends defineEvent('payments.payment-declined.v1', {
  key: 'orderId',
  payload: PaymentFields,
}) {}

/** Given up: no answer in time, or reversed before there was one. A charge that surfaces later is refunded. */
export class PaymentFailed extends defineEvent('payments.payment-failed.v1', {
  key: 'orderId',
  payload: PaymentFields,
}) {}

export class PaymentRefunded extends defineEvent('payments.payment-refunded.v1', {
  key: 'orderId',
  payload: PaymentFields,
}) {}
