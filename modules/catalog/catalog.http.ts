import { Body, Controller, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  AllowRoles,
  Answers,
  decodeCursor,
  encodeCursor,
  Page,
  PageQuery,
  Public,
} from '../../src/platform/http/index.js';
import { ChangeProduct } from './change-product.js';
import { Money, ProductFields, Sku } from './contracts/index.js';
import { GetProduct } from './get-product.js';
import { ListProducts } from './list-products.js';
import { ProductName } from './product.js';
import { PublishProduct } from './publish-product.js';

export const NewProduct = z
  .strictObject({ sku: Sku, name: ProductName.trim(), price: Money.strict() })
  .meta({ examples: [{ sku: 'kettle', name: 'Kettle', price: { amount: 4900, currency: 'EUR' } }] });

export const Changes = z
  .strictObject({ name: ProductName.trim().optional(), price: Money.strict().optional() })
  .refine(({ name, price }) => name !== undefined || price !== undefined, 'expected a name, a price or both');

@Controller('v1/catalog/products')
export class CatalogHttp {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Public()
  @Answers(200, Page(ProductFields))
  async listProducts(@Query({ schema: PageQuery }) { limit, cursor }: z.output<typeof PageQuery>) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, Sku);
    const { items, next } = await this.queries.execute(new ListProducts({ limit, after }));
    return { items, ...(next && { nextCursor: encodeCursor(next) }) };
  }

  @Get(':sku')
  @Public()
  @Answers(200, ProductFields)
  async getProduct(@Param('sku', { schema: Sku }) sku: string) {
    return await this.queries.execute(new GetProduct({ sku }));
  }

  @Post()
  @AllowRoles('staff')
  @Answers(201, ProductFields, 'Published; `Location` names the product')
  async publishProduct(
    @Body({ schema: NewProduct }) body: z.output<typeof NewProduct>,
    @Res({ passthrough: true }) response: FastifyReply,
  ) {
    const product = await this.commands.execute(new PublishProduct(body));
    response.header('Location', `/v1/catalog/products/${product.sku}`);
    return product;
  }

  @Patch(':sku')
  @AllowRoles('staff')
  @Answers(200, ProductFields)
  async changeProduct(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: Changes }) body: z.output<typeof Changes>,
  ) {
    return await this.commands.execute(new ChangeProduct({ sku, ...body }));
  }
}
