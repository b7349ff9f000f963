import type { PactStates } from '../../src/platform/testing/index.js';
import { AdjustStock } from './adjust-stock.js';
import type { ReserveStock } from './contracts/index.js';

/** What consumers expect of the inventory, brought about. */
export const pactStates: PactStates = {
  'inventory.reserve-stock.v1 answers': async (scene, { payload }) => {
    for (const { sku, quantity } of (payload as unknown as ReserveStock).lines)
      await scene.execute(new AdjustStock({ sku, delta: quantity, reason: 'a delivery' }));
  },
  'inventory.reserve-stock.v1 refuses: out_of_stock': () => undefined,
  'inventory.release-stock.v1 answers': () => undefined,
};
