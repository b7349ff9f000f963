import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { In } from 'typeorm';
import { Database } from '../../src/platform/index.js';
import { FindProducts } from './contracts/index.js';
import { Product } from './product.entity.js';

@QueryHandler(FindProducts)
export class FindProductsHandler implements IQueryHandler<FindProducts> {
  constructor(private readonly database: Database) {}

  async execute({ skus }: FindProducts) {
    return await this.database.repository(Product).find({ where: { sku: In(skus) }, order: { sku: 'ASC' } });
  }
}
