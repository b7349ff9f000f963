import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import {
  AllowRoles,
  Answers,
  currentActor,
  decodeCursor,
  encodeCursor,
  Page,
  PageQuery,
  Public,
} from '../../src/platform/http/index.js';
import { Sku } from '../catalog/contracts/index.js';
import { BrowseProducts, Degraded, ProductCard } from './browse-products.js';
import { GetOrderPage, OrderPage } from './get-order-page.js';

const ProductPage = Page(ProductCard).extend({ degraded: Degraded });
const OrderId = z.uuid();

@Controller('v1/storefront')
export class StorefrontHttp {
  constructor(private readonly queries: QueryBus) {}

  @Get('products')
  @Public()
  @Answers(200, ProductPage, '`degraded` names the modules whose news of the last five seconds may be missing')
  async browseProducts(@Query({ schema: PageQuery }) { limit, cursor }: z.output<typeof PageQuery>) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, Sku);
    const { items, next, degraded } = await this.queries.execute(new BrowseProducts({ limit, after }));
    return { items, ...(next && { nextCursor: encodeCursor(next) }), degraded };
  }

  @Get('orders/:orderId')
  @AllowRoles('customer', 'staff')
  @Answers(200, OrderPage)
  async getOrderPage(@Param('orderId', { schema: OrderId }) orderId: string) {
    const { sub, role } = currentActor();
    return await this.queries.execute(new GetOrderPage({ orderId, ...(role !== 'staff' && { customerId: sub }) }));
  }
}
