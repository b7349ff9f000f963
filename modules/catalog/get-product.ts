import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, NotFound } from '../../src/platform/index.js';
import { ProductFields, Sku } from './contracts/index.js';
import { Product } from './product.entity.js';

export class GetProduct extends defineQuery('catalog.get-product.v1', {
  payload: z.object({ sku: Sku }),
  result: ProductFields,
  errors: { unknown_product: z.object({ sku: Sku }) },
}) {}

@QueryHandler(GetProduct)
export class GetProductHandler implements IQueryHandler<GetProduct> {
  constructor(private readonly database: Database) {}

  async execute({ sku }: GetProduct) {
    const product = await this.database.repository(Product).findOneBy({ sku });
    if (!product) throw new NotFound('unknown_product', `There is no product ${sku}.`, { sku });
    return product;
  }
}
