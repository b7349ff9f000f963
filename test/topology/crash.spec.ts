import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../src/platform/testing/index.js';
import { seeded } from '../../src/platform/transport/seeded.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { expectMoneyToAddUp, expectStockToAddUp, SETTLED_MS } from '../support/books.js';
import type { Order } from '../support/shop-types.js';
import { newKey } from '../support/shop.js';
import { MODULES, SplitShop } from '../support/topology.js';

/** `npm test` runs a sample; `TOPOLOGY_ORDERS=500` and other seeds are for the evidence. */
const ORDERS = Number(process.env['TOPOLOGY_ORDERS'] ?? 60);
const SEED = Number(process.env['TOPOLOGY_SEED'] ?? 1);
const AT_ONCE = 16;
const LEAST_KILLS = 3;
const TOKENS = ['tok_approve', 'tok_approve', 'tok_approve', 'tok_decline', 'tok_flaky', 'tok_unknown_outcome'];

let split: SplitShop;
beforeAll(async () => void (split = await SplitShop.start(groupsOf(MODULES, 'payments'))), 60_000);

/** Kills the process of payments at moments that the seed decides, until `orders` is done. @returns how often */
async function killDuring(orders: Promise<void>): Promise<number> {
  const random = seeded(SEED);
  let going = true;
  const done = orders.finally(() => (going = false));
  let kills = 0;
  do {
    await delay(300 + random() * 1500);
    await split.kill('payments');
    kills++;
    await delay(random() * 500);
    await split.restart('payments');
  } while (going || kills < LEAST_KILLS);
  await done;
  return kills;
}

describe(`${ORDERS} orders while the process of payments is killed again and again (seed ${SEED})`, () => {
  it('are all final in the end: none lost, none doubled, none charged twice', async () => {
    const [staff, customer] = [await split.shop.staff(), await split.shop.customer()];
    const sku = await staff.stocked(ORDERS, 500);
    const placed = new Set<string>();
    let left = ORDERS;
    const buyer = async () => {
      while (left > 0) {
        const token = TOKENS[left-- % TOKENS.length]!;
        const place = () => customer.place([{ sku, quantity: 1 }], token, { key: newKey() });
        placed.add((await place()).expect(202).orderId);
        await delay(100);
      }
    };
    const kills = await killDuring(Promise.all(Array.from({ length: AT_ONCE }, buyer)).then(() => undefined));
    expect(placed.size).toBe(ORDERS);
    expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);

    const none = async () => (await customer.orders('?status=pending')).items.length === 0;
    await eventually(none, 'every order being final', SETTLED_MS);
    const orders: Order[] = [];
    for (const orderId of placed) orders.push(await customer.order(orderId));
    for (const { status, reason } of orders) expect(['confirmed', 'payment_declined']).toContain(reason ?? status);
    await expectStockToAddUp(staff, new Map([[sku, ORDERS]]), orders);
    await expectMoneyToAddUp(staff, orders);
    const confirmed = orders.filter(({ status }) => status === 'confirmed').length;
    process.stdout.write(`${ORDERS} orders, ${kills} kills, ${confirmed} confirmed, seed ${SEED}\n`);
  }, 400_000);
});
