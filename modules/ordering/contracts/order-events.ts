import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';
import { Money, Total } from '../../catalog/contracts/index.js';

export const CancellationReason = z.enum([
  'out_of_stock',
  'payment_declined',
  'payment_timeout',
  'requested',
  'unavailable',
]);

export const OrderLine = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int().min(1).max(1000),
  unitPrice: Money,
});
export type OrderLine = z.output<typeof OrderLine>;

export class OrderPlaced extends defineEvent('ordering.order-placed.v1', {
  key: 'orderId',
  payload: z.object({
    orderId: z.uuid(),
    customerId: z.string(),
    lines: z.array(OrderLine),
    total: Total,
    placedAt: z.iso.datetime(),
  }),
  subject: 'customerId',
  personal: { customerId: 'erased' },
}) {}

export class OrderConfirmed extends defineEvent('ordering.order-confirmed.v1', {
  key: 'orderId',
  payload: z.object({ orderId: z.uuid() }),
}) {}

export class OrderCancelled extends defineEvent('ordering.order-cancelled.v1', {
  key: 'orderId',
  payload: z.object({ orderId: z.uuid(), reason: CancellationReason }),
}) {}
