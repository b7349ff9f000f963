import { z } from 'zod';
import { Total } from '../catalog/contracts/index.js';
import { CancellationReason, OrderLine } from './contracts/index.js';

export const OrderStatus = z.enum(['pending', 'confirmed', 'cancelled']);

export const OrderView = z
  .object({
    orderId: z.uuid(),
    status: OrderStatus,
    reason: CancellationReason.optional(),
    lines: z.array(OrderLine),
    total: Total,
    placedAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' });
export type OrderView = z.output<typeof OrderView>;

/** A whole {@link OrderView} as one JSON column named `view`: an absent reason is left out. */
export const ORDER_VIEW = `
  jsonb_strip_nulls(jsonb_build_object(
    'orderId', order_id, 'status', status, 'reason', reason, 'lines', lines, 'total', total,
    'placedAt', to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) AS view`;
