import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  AllowRoles,
  Answers,
  currentActor,
  decodeCursor,
  encodeCursor,
  Idempotent,
  Page,
  PageQuery,
  PreferredWait,
  Timestamp,
  Wait,
} from '../../src/platform/http/index.js';
import { Database } from '../../src/platform/index.js';
import { CancelOrder } from './cancel-order.js';
import { GetOrder } from './get-order.js';
import { ListOrders } from './list-orders.js';
import { OrderRequest } from './order-request.js';
import { OrderStatus, OrderView } from './order-view.js';
import { PlaceOrder } from './place-order.js';

const Receipt = OrderView.pick({ orderId: true, status: true, reason: true }).meta({ id: 'Receipt' });
const OrderId = z.uuid('expected a UUID');
const OrdersQuery = PageQuery.extend({ status: OrderStatus.optional() });
const Position = z.object({ placedAt: Timestamp, orderId: z.uuid() });

@Controller('v1/orders')
@AllowRoles('customer', 'staff')
export class OrderingHttp {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly database: Database,
  ) {}

  @Post()
  @AllowRoles('customer')
  @Idempotent()
  @HttpCode(202)
  @Answers(202, Receipt, 'Accepted; not final yet')
  @Answers(200, Receipt, 'Final')
  async placeOrder(
    @Body({ schema: OrderRequest }) order: z.output<typeof OrderRequest>,
    @PreferredWait() wait: Wait,
    @Res({ passthrough: true }) response: FastifyReply,
  ) {
    const { orderId } = await this.commands.execute(new PlaceOrder({ ...order, customerId: currentActor().sub }));
    const receipt = await this.#final(orderId, wait);
    response.header('Location', `/v1/orders/${orderId}`).status(receipt.status === 'pending' ? 202 : 200);
    return receipt;
  }

  @Get()
  @Answers(200, Page(OrderView))
  async listOrders(@Query({ schema: OrdersQuery }) { limit, cursor, status }: z.output<typeof OrdersQuery>) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, Position);
    const { items, more } = await this.queries.execute(new ListOrders({ customerId: onlyOwn(), status, after, limit }));
    const last = items.at(-1);
    return {
      items,
      ...(more && last && { nextCursor: encodeCursor({ placedAt: last.placedAt, orderId: last.orderId }) }),
    };
  }

  @Get(':orderId')
  @Answers(200, OrderView)
  async getOrder(@Param('orderId', { schema: OrderId }) orderId: string) {
    return await this.queries.execute(new GetOrder({ orderId, customerId: onlyOwn() }));
  }

  @Post(':orderId/cancellation')
  @Idempotent()
  @HttpCode(200)
  @Answers(200, Receipt)
  async cancelOrder(@Param('orderId', { schema: OrderId }) orderId: string) {
    await this.commands.execute(new CancelOrder({ orderId, reason: 'requested' }));
    return await this.#receipt(orderId);
  }

  /** Watches the stored state, so that any replica may finish the order. */
  async #final(orderId: string, wait: Wait) {
    let receipt = await this.#receipt(orderId);
    while (receipt.status === 'pending' && wait.leftMs() > 0) {
      await this.database.changed(orderId, wait.leftMs());
      receipt = await this.#receipt(orderId);
    }
    return receipt;
  }

  async #receipt(orderId: string) {
    return Receipt.parse(await this.queries.execute(new GetOrder({ orderId, customerId: onlyOwn() })));
  }
}

/** Customers see only their own orders; staff see all. */
function onlyOwn(): string | undefined {
  const { sub, role } = currentActor();
  return role === 'staff' ? undefined : sub;
}
