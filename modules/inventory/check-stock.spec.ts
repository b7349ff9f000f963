import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { scenario } from '../../src/platform/testing/index.js';
import * as catalog from '../catalog/contracts/index.js';
import { AdjustStock } from './adjust-stock.js';
import { StockRanLow } from './contracts/index.js';
import { InventoryModule } from './inventory.module.js';

describe('the nightly check of the stock', () => {
  let scene: Scenario;
  beforeAll(async () => {
    scene = await scenario(InventoryModule, { neighbours: [catalog] });
  });
  afterAll(() => scene.close());

  it('tells each night of what few are left', async () => {
    for (const [sku, delta] of [
      ['cups', 4],
      ['kettles', 5],
    ] as const)
      await scene.execute(new AdjustStock({ sku, delta, reason: 'opening stock' }));
    await scene.passTime('1 day');
    await scene.published(StockRanLow, { sku: 'cups', available: 4 });
    await scene.execute(new AdjustStock({ sku: 'cups', delta: 1, reason: 'a delivery' }));
    await scene.execute(new AdjustStock({ sku: 'kettles', delta: -5, reason: 'a count' }));
    await scene.passTime('1 day');
    await scene.published(StockRanLow, { sku: 'kettles', available: 0 });
    expect((await scene.allPublished(StockRanLow)).map(({ sku }) => sku)).toEqual(['cups', 'kettles']);
  });
});
