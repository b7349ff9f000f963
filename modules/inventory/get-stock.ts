import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryBus, QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, NotFound } from '../../src/platform/index.js';
import { FindProducts, Sku } from '../catalog/contracts/index.js';
import { StockLevel } from './contracts/index.js';
import type { Stock } from './stock.js';
import { levelOf } from './stock.js';
import { STOCK } from './stock-table.js';

/** The stock of a product: zeros where it never had any. Only for those is the catalog asked whether it exists. */
export class GetStock extends defineQuery('inventory.get-stock.v1', {
  payload: z.object({ sku: Sku }),
  result: StockLevel,
  errors: { unknown_product: z.object({ sku: Sku }) },
}) {}

@QueryHandler(GetStock)
export class GetStockHandler implements IQueryHandler<GetStock> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  async execute({ sku }: GetStock) {
    const [stock] = await this.database.sql<Stock>(`SELECT ${STOCK} FROM stock WHERE sku = $1`, [sku]);
    return levelOf(stock ?? (await this.#unstocked(sku)));
  }

  async #unstocked(sku: string): Promise<Stock> {
    const [product] = await this.queries.execute(new FindProducts({ skus: [sku] }));
    if (!product) throw new NotFound('unknown_product', `There is no product ${sku}.`, { sku });
    return { sku, onHand: 0, reserved: 0 };
  }
}
