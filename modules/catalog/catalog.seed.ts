import { Injectable } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Seed } from '../../src/platform/index.js';
import { Database, defineCommand } from '../../src/platform/index.js';
import { Product } from './product.entity.js';
import { PublishProduct } from './publish-product.js';

const PRODUCTS = [
  ['dripper', 'Ceramic pour-over dripper', 2490],
  ['filters-100', 'Paper filters, 100 pieces', 690],
  ['grinder-hand', 'Hand grinder, steel burrs', 8900],
  ['kettle-gooseneck', 'Gooseneck kettle, 0.9 l', 6490],
  ['moka-pot', 'Moka pot, six cups', 3950],
  ['roaster-home', 'Home roaster, 250 g', 34900],
  ['scale-brew', 'Brewing scale with timer', 4590],
] as const;

/** Publishes the example products, all or none, unless there are products. */
export class SeedCatalog extends defineCommand('catalog.seed-catalog.v1', { payload: z.object({}) }) {}

@CommandHandler(SeedCatalog)
export class SeedCatalogHandler implements ICommandHandler<SeedCatalog> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
  ) {}

  async execute() {
    // Replicas that start together seed one after the other: the second finds products.
    await this.database.sql('LOCK TABLE product IN SHARE ROW EXCLUSIVE MODE');
    if (await this.database.repository(Product).exists()) return;
    for (const [sku, name, amount] of PRODUCTS) {
      await this.commands.execute(new PublishProduct({ sku, name, price: { amount, currency: 'EUR' } }));
    }
  }
}

@Injectable()
export class CatalogSeed implements Seed {
  constructor(private readonly commands: CommandBus) {}

  async seed() {
    await this.commands.execute(new SeedCatalog({}));
  }
}
