import { BoundedContext } from '../../src/platform/index.js';
import { AdjustStockHandler } from './adjust-stock.js';
import { CheckStockHandler } from './check-stock.js';
import * as contracts from './contracts/index.js';
import { EraseClerk } from './erase-clerk.js';
import { GetStockHandler } from './get-stock.js';
import { InventoryHttp } from './inventory.http.js';
import { InventorySeed, SeedInventoryHandler } from './inventory.seed.js';
import { Stock1760000000002 } from './migrations/1760000000002-stock.js';
import { ReleaseStockHandler } from './release-stock.js';
import { ReserveStockHandler } from './reserve-stock.js';

@BoundedContext({
  name: 'inventory',
  contracts,
  providers: [
    AdjustStockHandler,
    CheckStockHandler,
    GetStockHandler,
    ReleaseStockHandler,
    ReserveStockHandler,
    SeedInventoryHandler,
    EraseClerk,
  ],
  controllers: [InventoryHttp],
  migrations: [Stock1760000000002],
  seed: InventorySeed,
})
export class InventoryModule {}
