import type { Type } from '@nestjs/common';
import { CatalogModule } from '../modules/catalog/catalog.module.js';
import { InventoryModule } from '../modules/inventory/inventory.module.js';
import { OrderingModule } from '../modules/ordering/ordering.module.js';
import { PaymentsModule } from '../modules/payments/payments.module.js';
import { StorefrontModule } from '../modules/storefront/storefront.module.js';

/** Every module of the application. The only place that names them. */
export const modules: readonly Type[] = [
  CatalogModule,
  InventoryModule,
  OrderingModule,
  PaymentsModule,
  StorefrontModule,
];
