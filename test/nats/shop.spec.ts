import { describe, expect, it } from '@jest/globals';
import { NatsServer } from '../support/nats-server.js';
import { SplitShop } from '../support/topology.js';

const PAYMENTS_OUT = [['catalog', 'inventory', 'ordering', 'storefront'], ['payments']];

describe('The shop with payments in a process of its own, over NATS', () => {
  it('confirms an order', async () => {
    const broker = await NatsServer.start();
    const { shop } = await SplitShop.start(PAYMENTS_OUT, { EVENTS: 'nats', NATS_URL: broker.url, LOG_LEVEL: 'info' });
    const [staff, customer] = await Promise.all([shop.staff(), shop.customer()]);
    const sku = await staff.stocked(10);
    const order = await customer.buy([{ sku, quantity: 2 }]);
    expect(order.status).toBe('confirmed');
  }, 60_000);
});
