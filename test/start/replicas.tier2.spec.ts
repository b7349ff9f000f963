import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import { Client } from '../support/client.js';
import type { HostEnv, HostProcess } from '../support/host-process.js';
import { startHost } from '../support/host-process.js';
import type { Page, Product } from '../support/shop-types.js';
import { kept, newKey, newName, Shop } from '../support/shop.js';
import { embeddedFolder } from '../support/stage.js';

let env: HostEnv & { DATA_DIR: string };
let first: HostProcess;
let second: HostProcess;
const shopAt = (host: HostProcess) => new Shop(host.url, env.DATA_DIR);

/** Whether there is a PostgreSQL server on the folder. */
async function databaseRuns(): Promise<boolean> {
  const file = await readFile(join(env.DATA_DIR, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (file === undefined) return false;
  try {
    return process.kill(Number(file.split('\n')[0]), 0);
  } catch {
    return false;
  }
}

async function leave(host: HostProcess): Promise<void> {
  host.kill('SIGTERM');
  expect(await host.stopped).toMatchObject({ code: 0, errors: '' });
}

beforeAll(async () => {
  env = { DATA_DIR: await embeddedFolder(), RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
  [first, second] = await Promise.all([startHost(env), startHost(env)]);
}, 120_000);

describe('two processes on one DATA_DIR', () => {
  it('two processes on one DATA_DIR that start at the same moment in an empty folder make one shop, seeded once', async () => {
    const staff = await shopAt(first).staff();
    const { items } = (await staff.get<Page<Product>>('/v1/catalog/products')).expect(200);
    expect(items).toHaveLength(7);
    expect(await staff.level('moka-pot')).toEqual({ sku: 'moka-pot', onHand: 3, reserved: 0, available: 3 });
  });

  it('accept each other’s tokens and show each other’s orders', async () => {
    const [sub, key] = [newName('customer'), newKey()];
    const [here, there] = [await shopAt(first).customer(sub), await shopAt(second).customer(sub)];
    const lines = [{ sku: 'dripper', quantity: 1 }];
    const { orderId } = (await here.place(lines, 'tok_approve', { key })).expect(200, 202);
    expect((await there.order(orderId)).orderId).toBe(orderId);
    const again = await there.place(lines, 'tok_approve', { key, wait: 30 });
    expect(again.expect(200)).toEqual({ orderId, status: 'confirmed' });
    (await new Client(second.url, here.token).get('/v1/orders')).expect(200);
  });

  it('make one order of one key, also when both are asked at once', async () => {
    const [sub, key] = [newName('customer'), newKey()];
    const both = [await shopAt(first).customer(sub), await shopAt(second).customer(sub)];
    const asked = Array.from({ length: 20 }, (_, n) =>
      both[n % 2]!.place([{ sku: 'dripper', quantity: 1 }], 'tok_approve', { key, wait: 30 }),
    );
    const receipts = (await Promise.all(asked)).map((answer) => answer.expect(200));
    expect(new Set(receipts.map(({ orderId }) => orderId)).size).toBe(1);
    expect((await both[0]!.orders()).items).toHaveLength(1);
  });

  it('sell nothing twice and charge nothing twice', async () => {
    const staff = await shopAt(first).staff();
    const sku = await staff.stocked(10, 100);
    const customers = await Promise.all([first, second].map((host) => shopAt(host).customer()));
    const placed = Array.from({ length: 40 }, (_, n) => customers[n % 2]!.buy([{ sku, quantity: 1 }], 'tok_flaky'));
    const receipts = await Promise.all(placed);
    expect(receipts.filter(({ status }) => status === 'confirmed')).toHaveLength(10);
    expect(await staff.level(sku)).toEqual({ sku, onHand: 10, reserved: 10, available: 0 });
    const charges = await Promise.all(receipts.map(({ orderId }) => staff.charges(orderId)));
    expect(kept(charges.flat())).toBe(1000);
  });

  it('finish for each other what a killed one has begun', async () => {
    const third = await startHost(env);
    const sub = newName('customer');
    const [there, here] = [await shopAt(third).customer(sub), await shopAt(second).customer(sub)];
    const staff = await shopAt(second).staff();
    const tokens = ['tok_slow', 'tok_slow', 'tok_approve', 'tok_flaky', 'tok_unknown_outcome'];
    const orders = await Promise.all(tokens.map((token) => there.place([{ sku: 'filters-100', quantity: 1 }], token)));
    third.kill('SIGKILL');
    await third.stopped;
    for (const answer of orders) {
      const { orderId } = answer.expect(200, 202);
      await eventually(async () => (await here.order(orderId)).status === 'confirmed', `${orderId} being confirmed`);
      expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved', amount: 690 }]);
    }
  });
});

describe('of processes on one DATA_DIR', () => {
  it('the first one may leave: the other serves on, and a new one joins it', async () => {
    await leave(first);
    expect(await databaseRuns()).toBe(true);
    const customer = await shopAt(second).customer();
    expect((await customer.buy([{ sku: 'dripper', quantity: 1 }])).status).toBe('confirmed');
    first = await startHost(env);
    expect((await (await shopAt(first).staff()).orders('?limit=100')).items.length).toBeGreaterThan(1);
  });

  it('the one that joined may be killed, and the last one that leaves stops the database', async () => {
    second.kill('SIGKILL');
    await second.stopped;
    const customer = await shopAt(first).customer();
    expect((await customer.buy([{ sku: 'dripper', quantity: 1 }])).status).toBe('confirmed');
    await leave(first);
    expect(await databaseRuns()).toBe(false);
  });

  it('all may be killed: the next one finds the database as it was, and ends it', async () => {
    first = await startHost(env);
    const sub = newName('customer');
    const { orderId } = await (await shopAt(first).customer(sub)).buy([{ sku: 'dripper', quantity: 1 }]);
    first.kill('SIGKILL');
    await first.stopped;
    expect(await databaseRuns()).toBe(true);
    const since = performance.now();
    first = await startHost(env);
    expect(performance.now() - since).toBeLessThan(20_000);
    expect((await (await shopAt(first).customer(sub)).order(orderId)).status).toBe('confirmed');
    const { items } = (await shopAt(first).anybody().get<Page<Product>>('/v1/catalog/products?limit=100')).expect(200);
    expect(items).toHaveLength(8);
    await leave(first);
    expect(await databaseRuns()).toBe(false);
  });
});
