import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import { seeded } from '../../src/platform/transport/fault-injection/seeded.js';
import type { Events, OwnBroker } from '../../src/tools/rehearse/brokers.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { expectMoneyToAddUp, expectStockToAddUp, SETTLED_MS } from '../support/books.js';
import { startBrokerFor } from '../support/brokers.js';
import type { Order } from '../support/shop-types.js';
import type { Customer } from '../support/shop.js';
import { newKey } from '../support/shop.js';
import type { ModuleName } from '../support/topology.js';
import { MODULES, SplitShop } from '../support/topology.js';

/** This is a sample; the evidence runs more orders, other modules, transports and seeds. */
const setting = (name: string, otherwise: string) => process.env[`TOPOLOGY_${name}`] ?? otherwise;
const ORDERS = Number(setting('ORDERS', '60'));
const SEED = Number(setting('SEED', '1'));
const VICTIM = setting('MODULE', 'payments') as ModuleName;
const EVENTS = setting('EVENTS', 'feed') as Events;
/** What happened is added to this file, as a line of JSON. */
const REPORT = process.env['TOPOLOGY_REPORT'];

const AT_ONCE = 16;
/** Between two orders of a buyer: many orders take long enough for many kills. */
const PAUSE_MS = ORDERS >= 500 ? 800 : 100;
const LEAST_KILLS = 3;
const TOKENS = ['tok_approve', 'tok_approve', 'tok_approve', 'tok_decline', 'tok_flaky', 'tok_unknown_outcome'];

let split: SplitShop;
let broker: OwnBroker | undefined;
beforeAll(async () => {
  broker = await startBrokerFor(EVENTS);
  split = await SplitShop.start(groupsOf(MODULES, VICTIM), broker?.env);
}, 120_000);

/** Kills the process, and half the time the broker as well, at moments that the seed decides, until `orders` is done. */
async function killDuring(orders: Promise<void>): Promise<{ kills: number; brokerKills: number }> {
  const random = seeded(SEED);
  let going = true;
  const done = orders.finally(() => (going = false));
  let [kills, brokerKills] = [0, 0];
  do {
    await delay(500 + random() * 3500);
    const both = broker && random() < 0.5;
    if (both) brokerKills++;
    await Promise.all([split.kill(VICTIM), both && broker!.kill()]);
    kills++;
    await delay(random() * 500);
    if (both) await broker!.start();
    await split.restart(VICTIM);
  } while (going || kills < LEAST_KILLS);
  await done;
  return { kills, brokerKills };
}

/** As a client that heeds 503: again with the same key, until the order is taken. */
async function place(customer: Customer, sku: string, token: string): Promise<string> {
  const key = newKey();
  const taken = async () => {
    const { status, body } = await customer.place([{ sku, quantity: 1 }], token, { key });
    if (status >= 300 && status !== 503) throw new Error(`an order was refused with ${status}`);
    return status < 300 && body.orderId;
  };
  return await eventually(taken, 'the order being taken', SETTLED_MS);
}

async function all(customer: Customer): Promise<Order[]> {
  const orders: Order[] = [];
  for (let cursor = ''; ;) {
    const page = await customer.orders(`?limit=100${cursor}`);
    orders.push(...page.items);
    if (!page.nextCursor) return orders;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

describe(`${ORDERS} orders while the process of ${VICTIM} is killed again and again, ${EVENTS}, seed ${SEED}`, () => {
  it('are all final in the end: none lost, none doubled, none charged twice', async () => {
    const since = Date.now();
    const [staff, customer] = [await split.shop.staff(), await split.shop.customer()];
    const sku = await staff.stocked(ORDERS, 500);
    const placed: string[] = [];
    let left = ORDERS;
    const buyer = async () => {
      while (left > 0) {
        placed.push(await place(customer, sku, TOKENS[left-- % TOKENS.length]!));
        await delay(PAUSE_MS);
      }
    };
    const killed = await killDuring(Promise.all(Array.from({ length: AT_ONCE }, buyer)).then(() => undefined));
    expect(killed.kills).toBeGreaterThanOrEqual(LEAST_KILLS);

    const none = async () => (await customer.orders('?status=pending')).items.length === 0;
    await eventually(none, 'every order being final', SETTLED_MS);
    const orders = await all(customer);
    expect(orders.map(({ orderId }) => orderId).sort()).toEqual(placed.sort());
    for (const { status, reason } of orders) expect(['confirmed', 'payment_declined']).toContain(reason ?? status);
    await expectStockToAddUp(staff, new Map([[sku, ORDERS]]), orders);
    await expectMoneyToAddUp(staff, orders);
    const confirmed = orders.filter(({ status }) => status === 'confirmed').length;
    const seconds = Math.round((Date.now() - since) / 1000);
    const report = { events: EVENTS, module: VICTIM, seed: SEED, orders: ORDERS, ...killed, confirmed, seconds };
    if (REPORT) await appendFile(REPORT, `${JSON.stringify(report)}\n`);
  }, 600_000);
});
