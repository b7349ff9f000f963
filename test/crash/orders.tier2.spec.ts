import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import { expectMoneyToAddUp, expectStockToAddUp, SETTLED_MS } from '../support/books.js';
import type { HostEnv, HostProcess } from '../support/host-process.js';
import { startHost } from '../support/host-process.js';
import type { Order, Reason, Receipt } from '../support/shop-types.js';
import type { Customer } from '../support/shop.js';
import { newKey, newName, Shop } from '../support/shop.js';
import { embeddedFolder, ownEnv } from '../support/stage.js';

const ORDERS = 200;

/** The payment tokens, and what they end in when there is stock: of 25 orders so many. The silent ones take long. */
const TOKENS: readonly [token: string, ending: 'confirmed' | Reason, times: number][] = [
  ['tok_approve', 'confirmed', 13],
  ['tok_flaky', 'confirmed', 4],
  ['tok_unknown_outcome', 'confirmed', 2],
  ['tok_slow', 'confirmed', 2],
  ['tok_decline', 'payment_declined', 3],
  ['tok_never', 'payment_timeout', 1],
];
const MIX = TOKENS.flatMap(([token, ending, times]) => Array<[string, typeof ending]>(times).fill([token, ending]));

/** One order that a customer wants, whatever happens to the shop. */
interface Wish {
  customer: string;
  key: string;
  lines: { sku: string; quantity: number }[];
  token: string;
  ending: 'confirmed' | Reason;
  wait: number | undefined;
  /** What it was answered with, each time. */
  receipts: Receipt[];
}

/** The same wishes each time: of the first product there is plenty, of the others not enough. */
function wishes(skus: readonly string[]): Wish[] {
  const customers = Array.from({ length: 4 }, () => newName('customer'));
  return Array.from({ length: ORDERS }, (_, n) => {
    const [token, ending] = MIX[n % MIX.length]!;
    const first = { sku: skus[(n * 7) % skus.length]!, quantity: 1 + (n % 3) };
    const second = { sku: skus[(n * 7 + 1) % skus.length]!, quantity: 1 };
    const lines = n % 5 === 0 ? [first, second] : [first];
    return {
      customer: customers[n % 4]!,
      key: newKey(),
      lines,
      token,
      ending,
      wait: n % 2 ? 30 : undefined,
      receipts: [],
    };
  });
}

/** Sends every wish at once, and kills the process as soon as so many were answered. */
async function orderUntilKilled(host: HostProcess, shop: Shop, wanted: readonly Wish[], killAfter: number) {
  let answered = 0;
  const send = async (wish: Wish) => {
    const answer = await place(shop, wish).catch(() => undefined);
    if (answer) wish.receipts.push(accepted(answer));
    if (answer && ++answered === killAfter) host.kill('SIGKILL');
  };
  await Promise.all(wanted.map(send));
  expect((await host.stopped).signal).toBe('SIGKILL');
  expect(answered).toBeGreaterThanOrEqual(killAfter);
}

const place = async (shop: Shop, { customer, lines, token, key, wait }: Wish) =>
  await (await shop.customer(customer)).place(lines, token, { key, ...(wait && { wait }) });

function accepted(answer: Awaited<ReturnType<Customer['place']>>): Receipt {
  const receipt = answer.expect(200, 202);
  expect(answer.status).toBe(receipt.status === 'pending' ? 202 : 200);
  return receipt;
}

/** All orders of the customers of these wishes, when none of them is pending any more. */
async function finalOrders(shop: Shop, wanted: readonly Wish[]): Promise<Map<string, Order>> {
  const orders = new Map<string, Order>();
  for (const sub of new Set(wanted.map(({ customer }) => customer))) {
    const customer = await shop.customer(sub);
    const none = async () => (await customer.orders('?status=pending')).items.length === 0;
    await eventually(none, 'every order being final', SETTLED_MS);
    const { items, nextCursor } = await customer.orders('?limit=100');
    expect(nextCursor).toBeUndefined();
    for (const order of items) orders.set(order.orderId, order);
  }
  return orders;
}

/** Each wish became one order, and every answer spoke of that one; a final answer stayed true. */
function expectOneOrderEach(wanted: readonly Wish[], orders: ReadonlyMap<string, Order>) {
  expect(orders.size).toBe(wanted.length);
  for (const { receipts, lines, ending, token } of wanted) {
    expect(new Set(receipts.map(({ orderId }) => orderId)).size).toBe(1);
    const order = orders.get(receipts[0]!.orderId)!;
    for (const { orderId, ...told } of receipts) {
      if (told.status !== 'pending') expect({ orderId, ...told }).toEqual(receiptOf(order));
    }
    expect(order.lines.map(({ sku, quantity }) => ({ sku, quantity }))).toEqual(lines);
    expect([token, order.reason ?? order.status]).toEqual([token, expect.stringMatching(`^(${ending}|out_of_stock)$`)]);
  }
}

const receiptOf = ({ orderId, status, reason }: Order) => ({ orderId, status, ...(reason && { reason }) });

const databases: [where: string, killAfter: number, env: () => Promise<HostEnv & { DATA_DIR: string }>][] = [
  ['the embedded database', 70, async () => ({ DATA_DIR: await embeddedFolder() })],
  ['a database of its own', 130, ownEnv],
];

describe.each(databases)('kill -9 in the middle of 200 orders at once, on %s', (_, killAfter, makeEnv) => {
  it('loses none of them, and makes none of them twice', async () => {
    const env = { ...(await makeEnv()), RATE_LIMIT: 'off', LOG_LEVEL: 'warn', PAYMENT_TIMEOUT_MS: '5000' };
    const killed = await startHost(env);
    const before = new Shop(killed.url, env.DATA_DIR);
    const onHand = new Map<string, number>();
    for (const pieces of [1000, 60, 40, 20, 5]) onHand.set(await (await before.staff()).stocked(pieces, 100), pieces);
    const wanted = wishes([...onHand.keys()]);
    await orderUntilKilled(killed, before, wanted, killAfter);

    const shop = new Shop((await startHost(env)).url, env.DATA_DIR);
    const retry = async (wish: Wish) => wish.receipts.push(accepted(await place(shop, wish)));
    await Promise.all(wanted.filter(({ receipts }) => receipts.length === 0).map(retry));
    const orders = await finalOrders(shop, wanted);
    expectOneOrderEach(wanted, orders);
    const staff = await shop.staff();
    await expectStockToAddUp(staff, onHand, orders.values());
    await expectMoneyToAddUp(staff, orders.values());
    const endings = new Set([...orders.values()].map(({ status, reason }) => reason ?? status));
    expect([...endings].sort()).toEqual(['confirmed', 'out_of_stock', 'payment_declined', 'payment_timeout']);
  }, 240_000);
});
