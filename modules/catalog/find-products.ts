import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { Database } from '../../src/platform/index.js';
import { FindProducts } from './contracts/index.js';
import type { Product } from './product.js';
import { PRODUCT } from './product.js';

@QueryHandler(FindProducts)
export class FindProductsHandler implements IQueryHandler<FindProducts> {
  constructor(private readonly database: Database) {}

  async execute({ skus }: FindProducts) {
    return await this.database.sql<Product>(`SELECT ${PRODUCT} FROM product WHERE sku = ANY ($1) ORDER BY sku`, [skus]);
  }
}
