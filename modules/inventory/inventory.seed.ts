import { Injectable } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Seed } from '../../src/platform/index.js';
import { Database, defineCommand } from '../../src/platform/index.js';
import { AdjustStock } from './adjust-stock.js';

/** For the example products of the catalog: of one there are exactly three, of the home roaster none. */
const STOCKS = [
  ['dripper', 250],
  ['filters-100', 1000],
  ['grinder-hand', 80],
  ['kettle-gooseneck', 120],
  ['moka-pot', 3],
  ['scale-brew', 60],
] as const;

/** Stocks the example products, all or none, unless there is stock. */
export class SeedInventory extends defineCommand('inventory.seed-inventory.v1', { payload: z.object({}) }) {}

@CommandHandler(SeedInventory)
export class SeedInventoryHandler implements ICommandHandler<SeedInventory> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
  ) {}

  async execute() {
    // Replicas that start together seed one after the other: the second finds stock.
    await this.database.sql('LOCK TABLE stock IN SHARE ROW EXCLUSIVE MODE');
    const present = await this.database.sql('SELECT FROM stock LIMIT 1');
    if (present.length > 0) return;
    for (const [sku, delta] of STOCKS) {
      await this.commands.execute(new AdjustStock({ sku, delta, reason: 'opening stock' }));
    }
  }
}

@Injectable()
export class InventorySeed implements Seed {
  constructor(private readonly commands: CommandBus) {}

  async seed() {
    await this.commands.execute(new SeedInventory({}));
  }
}
