import { BoundedContext } from '../../src/platform/index.js';
import { CancelOrderHandler } from './cancel-order.js';
import { Checkout } from './checkout.saga.js';
import { ConfirmOrderHandler } from './confirm-order.js';
import * as contracts from './contracts/index.js';
import { GetOrderHandler } from './get-order.js';
import { ListOrdersHandler } from './list-orders.js';
import { Orders1790000000000 } from './migrations/1790000000000-orders.js';
import { OrderingHttp } from './ordering.http.js';
import { PlaceOrderHandler } from './place-order.js';

@BoundedContext({
  name: 'ordering',
  contracts,
  controllers: [OrderingHttp],
  providers: [PlaceOrderHandler, ConfirmOrderHandler, CancelOrderHandler, GetOrderHandler, ListOrdersHandler, Checkout],
  migrations: [Orders1790000000000],
})
export class OrderingModule {}
