import { beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceptance } from '../../src/tools/rehearse/acceptance.js';
import type { Part } from '../../src/tools/rehearse/split.js';
import { split } from '../../src/tools/rehearse/split.js';
import { Step } from '../../src/tools/upgrade/notes.js';
import { checkOutFormer } from './former.js';
import type { HostEnv, HostProcess } from '../support/host-process.js';
import { runProcess, startHost, untilReady } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { kept, newName, Shop } from '../support/shop.js';
import { emptyFolder, ownEnv } from '../support/stage.js';

const describe = needs('git');

/** The oldest version of which processes may run beside those of this one. */
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object;
const { version } = read('package.json') as { version: string };
const { runsBeside: FORMER } = Step.parse(read(`upgrades/${version}.json`));
/** Orders that are placed through each of the two at the same time. */
const ORDERS = 50;
const PRICE = 700;

let build: string;
let env: Awaited<ReturnType<typeof ownEnv>>;
let sku: string;
let placed = 0;

const startFormer = (own: HostEnv = env): Promise<HostProcess> => {
  const { PATH, HOME, TMPDIR } = process.env;
  const options = { cwd: build, env: { PATH, HOME, TMPDIR, PORT: '0', ...own } };
  return untilReady(runProcess(process.execPath, [join(build, 'dist/src/main.js')], options));
};

const stop = async (host: HostProcess) => {
  host.kill('SIGTERM');
  expect(await host.stopped).toMatchObject({ code: 0, signal: null });
};

/** Customers of both processes buy at once. Whichever handles a message: each order ends, and is paid once. */
async function buyAt(...hosts: HostProcess[]): Promise<void> {
  const each = hosts.map(async ({ url }) => {
    const customer = await new Shop(url, env.DATA_DIR).customer(newName('customer'));
    const bought = Array.from({ length: ORDERS }, () => customer.buy([{ sku, quantity: 1 }]));
    for (const { status } of await Promise.all(bought)) expect(status).toBe('confirmed');
  });
  await Promise.all(each);
  placed += ORDERS * hosts.length;
  for (const { url } of hosts) {
    const staff = await new Shop(url, env.DATA_DIR).staff();
    expect(await staff.level(sku)).toMatchObject({ available: 1000 - placed });
  }
}

beforeAll(async () => {
  build = join(await emptyFolder(), 'former');
  checkOutFormer(build, FORMER);
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: build, stdio: 'pipe' });
  env = await ownEnv();
}, 600_000);

describe(`version ${FORMER} beside the present one`, () => {
  it('orders end and are paid once, through either, from the first replica to the last and back', async () => {
    const former = await startFormer();
    const staff = await new Shop(former.url, env.DATA_DIR).staff();
    ({ sku } = await staff.product(PRICE));
    (await staff.adjust(sku, 1000)).expect(200);
    const before = kept(await staff.charges());
    await buyAt(former);
    // The present version migrates what the former one goes on to use.
    const present = await startHost(env);
    await buyAt(former, present);
    const { passed, failures } = await acceptance({ url: present.url, dataDir: env.DATA_DIR, patienceMs: 0 });
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(50);
    await stop(former);
    await buyAt(present);
    // Rolled back: the former version starts on what was migrated.
    const again = await startFormer();
    await buyAt(again, present);
    await stop(present);
    await buyAt(again);
    const charges = await (await new Shop(again.url, env.DATA_DIR).staff()).charges();
    const ours = charges.filter(({ amount }) => amount === PRICE);
    expect([ours.length, kept(ours)]).toEqual([placed, placed * PRICE]);
    expect(before).toBe(0);
    await stop(again);
  }, 900_000);

  it.each(['former', 'present'])(
    'orders end and are paid once over the seam, with payments of the %s version',
    async (which) => {
      const own = await ownEnv();
      const [front, payments] = (await split([['catalog', 'inventory', 'ordering', 'storefront'], ['payments']])) as [
        Part,
        Part,
      ];
      const [startFront, startPayments] = which === 'former' ? [startHost, startFormer] : [startFormer, startHost];
      const hosts = [await startFront({ ...own, ...front.env }), await startPayments({ ...own, ...payments.env })];
      const shop = new Shop(front.url, own.DATA_DIR);
      const staff = await shop.staff();
      const product = await staff.product(PRICE);
      (await staff.adjust(product.sku, ORDERS)).expect(200);
      const customer = await shop.customer();
      const bought = Array.from({ length: ORDERS }, () => customer.buy([{ sku: product.sku, quantity: 1 }]));
      for (const { status } of await Promise.all(bought)) expect(status).toBe('confirmed');
      const charges = await staff.charges();
      expect([charges.length, kept(charges)]).toEqual([ORDERS, ORDERS * PRICE]);
      await Promise.all(hosts.map(stop));
    },
    900_000,
  );
});
