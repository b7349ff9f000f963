import { BoundedContext, outcome } from '../../src/platform/index.js';
import { AskForRatingHandler, WhenRatingDue } from './ask-for-rating.js';
import { CancelOrderHandler } from './cancel-order.js';
import { Checkout } from './checkout.saga.js';
import { ConfirmOrderHandler } from './confirm-order.js';
import * as contracts from './contracts/index.js';
import { EraseCustomer } from './erase-customer.js';
import { GetOrderHandler } from './get-order.js';
import { ListOrdersHandler } from './list-orders.js';
import { Orders1790000000000 } from './migrations/1790000000000-orders.js';
import { OrderingHttp } from './ordering.http.js';
import { PlaceOrderHandler } from './place-order.js';
import { LoggedRatingRequests, RatingRequests } from './rating-requests.js';

/** An order to paste into a shell; it answers as soon as the order is final. */
const placeAnOrder = (url: string, token: (sub: string, role: string) => string) => [
  'Place an order, and see it confirmed:',
  '',
  `curl -sS ${url}/v1/orders -H 'Content-Type: application/json' -H 'Prefer: wait=10' -H "Idempotency-Key: $(date +%s)" ` +
    `-H "Authorization: Bearer ${token('alice', 'customer')}" ` +
    `-d '{"lines":[{"sku":"dripper","quantity":1}],"paymentToken":"tok_approve"}'`,
];

@BoundedContext({
  name: 'ordering',
  contracts,
  controllers: [OrderingHttp],
  providers: [
    PlaceOrderHandler,
    ConfirmOrderHandler,
    CancelOrderHandler,
    AskForRatingHandler,
    WhenRatingDue,
    { provide: RatingRequests, useClass: LoggedRatingRequests },
    GetOrderHandler,
    ListOrdersHandler,
    Checkout,
    EraseCustomer,
  ],
  migrations: [Orders1790000000000],
  outcomes: [
    outcome('orders_placed', contracts.OrderPlaced),
    outcome('orders_confirmed', contracts.OrderConfirmed),
    outcome('orders_cancelled', contracts.OrderCancelled, { by: 'reason' }),
  ],
  tryIt: placeAnOrder,
})
export class OrderingModule {}
