import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from '@jest/globals';
import type { describe as Describe } from '@jest/globals';
import { eventually } from '../../src/platform/testing/eventually.js';
import type { OwnBroker } from '../../src/tools/rehearse/brokers.js';
import type { Customer, Staff } from './shop.js';
import { kept, newKey } from './shop.js';
import { SplitShop } from './topology.js';

const PAYMENTS_OUT = [['catalog', 'inventory', 'ordering', 'storefront'], ['payments']];
const PRICE = 1250;
const ORDERS = 24;

/** The whole of the example over a broker, which is killed meanwhile. */
export function shopThroughABroker(
  describe: typeof Describe | typeof Describe.skip,
  start: () => Promise<OwnBroker>,
): void {
  describe('The shop with payments in a process of its own, over a broker', () => {
    let broker: OwnBroker;
    let split: SplitShop;
    let staff: Staff;
    let customer: Customer;

    beforeAll(async () => {
      broker = await start();
      split = await SplitShop.start(PAYMENTS_OUT, broker.env);
      [staff, customer] = await Promise.all([split.shop.staff(), split.shop.customer()]);
    }, 120_000);

    it('confirms an order, and shows its payment', async () => {
      const { orderId, status } = await customer.buy([{ sku: await staff.stocked(1, PRICE), quantity: 1 }]);
      expect(status).toBe('confirmed');
      await eventually(
        async () => (await customer.page(orderId)).payment?.status === 'charged',
        'the page being ready',
      );
    });

    it('loses and doubles nothing when the broker and payments are killed meanwhile', async () => {
      const sku = await staff.stocked(ORDERS, PRICE);
      const placing = place(sku);
      await delay(300);
      await broker.kill();
      await delay(500);
      await split.kill('payments');
      await broker.start();
      await split.restart('payments');
      await Promise.all((await placing).map(checkConfirmed));
      expect(await staff.level(sku)).toMatchObject({ available: 0 });
    }, 120_000);

    /** Some at a time; each is accepted whatever is away. */
    async function place(sku: string): Promise<string[]> {
      const orderIds: string[] = [];
      for (let n = 0; n < ORDERS; n++) {
        const key = newKey();
        const order = await eventually(async () => {
          const { status, body } = await customer.place([{ sku, quantity: 1 }], 'tok_approve', { key });
          return status < 300 && body;
        }, 'the order being taken');
        orderIds.push(order.orderId);
        await delay(50);
      }
      return orderIds;
    }

    async function checkConfirmed(orderId: string): Promise<void> {
      const final = async () => (await customer.order(orderId)).status !== 'pending';
      await eventually(final, 'the order being final', 60_000);
      expect(await customer.order(orderId)).toMatchObject({ status: 'confirmed' });
      expect(kept(await staff.charges(orderId))).toBe(PRICE);
    }
  });
}
