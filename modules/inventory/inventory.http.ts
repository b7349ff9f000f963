import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { z } from 'zod';
import { AllowRoles, Answers, Idempotent } from '../../src/platform/http/index.js';
import { Sku } from '../catalog/contracts/index.js';
import { Adjustment, AdjustStock } from './adjust-stock.js';
import { StockLevel } from './contracts/index.js';
import { GetStock } from './get-stock.js';

@Controller('v1/inventory/stock')
@AllowRoles('staff')
export class InventoryHttp {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get(':sku')
  @Answers(200, StockLevel)
  async getStock(@Param('sku', { schema: Sku }) sku: string) {
    return await this.queries.execute(new GetStock({ sku }));
  }

  /**
   * Asks first whether there is such a product: the command could not, its transaction is open by the time it knows
   * that it has to. Products never go away, so the answer stays true; without the catalog, stocked ones can be adjusted.
   */
  @Post(':sku/adjustments')
  @HttpCode(200)
  @Idempotent()
  @Answers(200, StockLevel)
  async adjustStock(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: Adjustment }) body: z.output<typeof Adjustment>,
  ) {
    await this.queries.execute(new GetStock({ sku }));
    return await this.commands.execute(new AdjustStock({ sku, ...body }));
  }
}
