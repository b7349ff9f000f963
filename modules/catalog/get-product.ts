import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, NotFound } from '../../src/platform/index.js';
import { ProductFields, Sku } from './contracts/index.js';
import type { Product } from './product.js';
import { PRODUCT } from './product.js';

export class GetProduct extends defineQuery('catalog.get-product.v1', {
  payload: z.object({ sku: Sku }),
  result: ProductFields,
  errors: { unknown_product: z.object({ sku: Sku }) },
}) {}

@QueryHandler(GetProduct)
export class GetProductHandler implements IQueryHandler<GetProduct> {
  constructor(private readonly database: Database) {}

  async execute({ sku }: GetProduct) {
    const [product] = await this.database.sql<Product>(`SELECT ${PRODUCT} FROM product WHERE sku = $1`, [sku]);
    if (!product) throw new NotFound('unknown_product', `There is no product ${sku}.`, { sku });
    return product;
  }
}
