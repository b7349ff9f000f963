import { BoundedContext } from '../../src/platform/index.js';
import { BrowseProductsHandler } from './browse-products.js';
import * as contracts from './contracts/index.js';
import { EraseCustomer } from './erase-customer.js';
import { GetOrderPageHandler } from './get-order-page.js';
import { Pages1760000000003 } from './migrations/1760000000003-pages.js';
import { StorefrontHttp } from './storefront.http.js';
import { WhenOrderMoves } from './when-order-moves.js';
import { WhenPaymentMoves } from './when-payment-moves.js';
import { WhenProductChanges } from './when-product-changes.js';
import { WhenStockChanges } from './when-stock-changes.js';

@BoundedContext({
  name: 'storefront',
  contracts,
  providers: [
    BrowseProductsHandler,
    GetOrderPageHandler,
    WhenOrderMoves,
    WhenPaymentMoves,
    WhenProductChanges,
    WhenStockChanges,
    EraseCustomer,
  ],
  controllers: [StorefrontHttp],
  migrations: [Pages1760000000003],
})
export class StorefrontModule {}
