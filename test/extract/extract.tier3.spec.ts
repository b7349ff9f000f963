import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { Clone } from '../support/clone.js';
import type { HostEnv } from '../support/host-process.js';
import { runProcess, untilReady } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { Shop } from '../support/shop.js';
import { emptyDatabase, emptyFolder, ownEnv } from '../support/stage.js';

const describe = needs('git');

const LAUNCH = 'src/tools/launch.cjs';
const MINUTES = 60_000;
let shop: Clone;
let before: string;
const others: string[] = [];

/** A folder beside the shop, as commands name it. */
function beside(name: string): string {
  const folder = `../${basename(shop.root)}-${name}`;
  others.push(join(shop.root, folder));
  return folder;
}

beforeAll(async () => {
  shop = new Clone();
  expect((await shop.node([LAUNCH])).code).toBe(0);
  before = shop.git('rev-parse', 'HEAD').trim();
}, 10 * MINUTES);
afterAll(() => {
  for (const folder of others) rmSync(folder, { recursive: true, force: true });
  shop.remove();
});

const extract = (...args: readonly string[]) => shop.tool('extract', ...args);
const refused = (errors: string) => ({ code: 2, output: '', errors: `${errors}\n` });
const text = (clone: Clone, path: string) => readFileSync(join(clone.root, path), 'utf8');

async function expectGreen(clone: Clone): Promise<void> {
  const built = await clone.node([LAUNCH]);
  const check = await clone.tool('check');
  if (built.code !== 0 || check.code !== 0) throw new Error(built.errors + check.output + check.errors);
}

describe('npm run extract', () => {
  it.each([
    [[], 'The module has to be named, as in "billing". See --help.'],
    [['payments', 'catalog', '--to', '../x'], 'One module at a time, not also "catalog". See --help.'],
    [['payments'], 'Either --to or --back has to be given. See --help.'],
    [['payments', '--back', '../x', '--no-history'], '--no-history is for --to. See --help.'],
    [['payments', '--to', '.'], '. is there already: choose a folder that is not.'],
    [['payments', '--to', 'own'], 'own lies in this repository: choose a folder outside of it.'],
    [
      ['nowhere', '--to', '../nowhere'],
      'There is no module "nowhere": expected one of catalog, inventory, ordering, payments, storefront.',
    ],
    [['payments', '--back', '../x'], 'payments lives here: there is nothing to bring back.'],
  ])('refuses %j in one line', async (args, message) => {
    expect(await extract(...args)).toEqual(refused(message));
  });

  it('refuses what is not committed, and a folder without a repository', async () => {
    writeFileSync(join(shop.root, 'note.md'), 'Mine.\n');
    expect((await extract('payments', '--to', beside('dirty'))).errors).toMatch(/^There are changes .* \(note\.md\)/);
    shop.git('clean', '--quiet', '--force');
    const plain = await emptyFolder();
    const tool = join(shop.root, 'dist/src/tools/extract.js');
    const { code, errors } = await runProcess(process.execPath, [tool, 'payments', '--to', '../x'], { cwd: plain })
      .stopped;
    expect({ code, errors }).toEqual({
      code: 2,
      errors: expect.stringMatching(/^\S+ is no git repository: [^\n]+\n$/),
    });
  });

  it('shows with --dry-run what it would do, and does nothing', async () => {
    const { code, output } = await extract('payments', '--to', beside('dry'), '--dry-run');
    expect(code).toBe(0);
    expect(output).toMatch(/^Here:\n(?: .*\n)* {2}- modules\/payments\/settle-payment\.ts$/m);
    expect(output).toContain('  ~ modules/payments/payments.module.ts\n');
    expect(existsSync(others.at(-1)!)).toBe(false);
    expect(shop.git('status', '--porcelain')).toBe('');
  });

  it(
    'takes everything back when it cannot be finished',
    async () => {
      writeFileSync(join(shop.root, 'src/broken.ts'), 'export const broken: number = "no";\n');
      shop.commit();
      const { code, errors } = await extract('payments', '--to', beside('broken'));
      expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('Nothing was changed') });
      expect(existsSync(others.at(-1)!)).toBe(false);
      expect(shop.git('status', '--porcelain')).toBe('');
      shop.git('reset', '--quiet', '--hard', 'HEAD~1');
    },
    10 * MINUTES,
  );
});

describe('payments in its own repository', () => {
  let payments: Clone;
  beforeAll(async () => {
    expect(await extract('payments', '--to', beside('payments'))).toMatchObject({ code: 0, errors: '' });
    payments = new Clone(others.at(-1));
    shop.commit();
  }, 10 * MINUTES);

  it('leaves contracts, manifest and a class here, and the contracts of its neighbours there', () => {
    expect(readdirSync(join(shop.root, 'modules/payments')).sort()).toEqual([
      'contracts',
      'contracts.lock.json',
      'contracts.samples.json',
      'contracts.snapshot.json',
      'module.json',
      'payments.module.ts',
    ]);
    expect(readdirSync(join(payments.root, 'modules'), { withFileTypes: true }).map(({ name }) => name)).toEqual([
      'catalog',
      'module.schema.json',
      'ordering',
      'payments',
      'storefront',
    ]);
    expect(payments.git('diff', '--name-only', before, '--', 'modules/payments')).toBe('');
    expect(existsSync(join(payments.root, 'docs/runbooks/provider-down.md'))).toBe(true);
    expect(existsSync(join(shop.root, 'docs/runbooks/provider-down.md'))).toBe(false);
    const untouched = ['catalog', 'inventory', 'ordering', 'storefront'].map((module) => `modules/${module}`);
    expect(shop.git('diff', '--name-only', before, '--', ...untouched)).toBe('');
    expect(payments.git('status', '--porcelain')).toBe('');
    expect(payments.git('log', '--oneline').split('\n').length).toBeGreaterThan(2);
  });

  it('has manifests and dashboards that fit what is left on both sides', () => {
    const env = 'deploy/kubernetes/overlays/one-process';
    expect(text(shop, `${env}/app.env`)).toMatch(/^PAYMENTS_URL=http:\/\/payments:4000$/m);
    expect(text(payments, `${env}/payments.env`)).toMatch(/^ORDERING_URL=http:\/\/app-seam:4000$/m);
    expect(existsSync(join(shop.root, 'deploy/kubernetes/overlays/split'))).toBe(false);
    expect(text(shop, 'deploy/observability/shop.json')).not.toContain('value_charged');
    const dashboard = text(payments, 'deploy/observability/shop.json');
    expect([dashboard.includes('value_charged'), dashboard.includes('orders_placed')]).toEqual([true, false]);
  });

  it(
    'passes every check, and so does what it left',
    async () => {
      await expectGreen(payments);
      await expectGreen(shop);
    },
    30 * MINUTES,
  );

  it(
    'owns its contracts: they are pulled here, and may not be changed here',
    async () => {
      const events = 'modules/payments/contracts/payment-events.ts';
      appendFileSync(join(shop.root, events), '\n/** Not ours. */\n');
      const check = await shop.tool('contracts', 'check');
      expect({ code: check.code, output: check.output }).toEqual({
        code: 1,
        output: expect.stringMatching(/the contracts of payments were changed here\.\n.*contracts -- pull payments/),
      });
      expect((await shop.tool('contracts', 'pull', 'payments')).code).toBe(0);
      expect(shop.git('status', '--porcelain')).toBe('');
      appendFileSync(join(payments.root, events), '\n/** News of the owner. */\n');
      payments.git('commit', '--quiet', '--all', '-m', 'news');
      const pulled = await shop.tool('contracts', 'pull', 'payments');
      expect(pulled).toMatchObject({ code: 0, errors: '' });
      expect(pulled.output.trim().split('\n').sort()).toEqual([
        'wrote modules/payments/contracts.lock.json',
        `wrote ${events}`,
      ]);
      expect((await shop.tool('contracts', 'check')).code).toBe(0);
      shop.commit();
      const refusal = await shop.tool('contracts', 'pull', 'catalog');
      expect(refusal.errors).toBe('catalog lives here: its contracts are those of modules/catalog/contracts.\n');
    },
    10 * MINUTES,
  );

  it(
    'is told before a release what would break in the other repository',
    async () => {
      const [here, there] = [`../${basename(shop.root)}`, `../${basename(payments.root)}`];
      expect(await shop.tool('contracts', 'can-deploy', '--against', there)).toMatchObject({ code: 0, errors: '' });
      expect(await payments.tool('contracts', 'can-deploy', '--against', here)).toMatchObject({ code: 0, errors: '' });
      const events = join(payments.root, 'modules/payments/contracts/payment-events.ts');
      const known = readFileSync(events, 'utf8');
      writeFileSync(events, known.replaceAll('payments.payment-declined.v1', 'payments.payment-refused.v1'));
      expect((await payments.node([LAUNCH])).code).toBe(0);
      const broken = await payments.tool('contracts', 'can-deploy', '--against', here);
      expect({ code: broken.code, output: broken.output }).toEqual({
        code: 1,
        output: expect.stringMatching(
          /payment-declined\.v1 was renamed[^]*Breaks ordering at \S+, storefront at \S+\./,
        ),
      });
      writeFileSync(events, known);
      expect((await payments.node([LAUNCH])).code).toBe(0);
    },
    10 * MINUTES,
  );

  it(
    'charges an order that is placed in the other repository, over the feed',
    async () => {
      const own = await ownEnv();
      const [front, frontSeam, behind, behindSeam] = (await freePorts(4)) as [number, number, number, number];
      const at = (port: number) => `http://127.0.0.1:${port}`;
      const common = { ...own, SEAM_SECRET: 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS', LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
      const start = (clone: Clone, env: HostEnv) =>
        runProcess(process.execPath, ['dist/src/main.js'], { cwd: clone.root, env: { ...common, ...env } });
      const refusal = await start(shop, { PORT: '0', SEAM_PORT: '0' }).stopped;
      expect({ code: refusal.code, errors: refusal.errors }).toEqual({
        code: 2,
        errors: expect.stringContaining(
          'PAYMENTS_URL: required: the seam address of payments, which lives in another repository',
        ),
      });
      const others = Object.fromEntries(
        ['CATALOG', 'ORDERING', 'STOREFRONT'].map((name) => [`${name}_URL`, at(frontSeam)]),
      );
      const database = { DATABASE_URL: await emptyDatabase() };
      const ports = { PORT: String(behind), SEAM_PORT: String(behindSeam) };
      await untilReady(start(payments, { ...database, ...ports, ...others }));
      const { url } = await untilReady(
        start(shop, { PORT: String(front), SEAM_PORT: String(frontSeam), PAYMENTS_URL: at(behindSeam) }),
      );
      const client = new Shop(url, own.DATA_DIR);
      const [staff, customer] = [await client.staff(), await client.customer()];
      const sku = await staff.stocked(5);
      const { orderId } = await customer.buy([{ sku, quantity: 2 }]);
      expect(await customer.order(orderId)).toMatchObject({ status: 'confirmed' });
      expect(await staff.payments(orderId)).toMatchObject([{ status: 'charged', amount: 2500 }]);
      expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved', amount: 2500 }]);
      const page = await eventually(async () => {
        const found = await customer.page(orderId);
        return found.payment && found;
      }, 'the payment on the page of the order');
      expect(page).toMatchObject({ status: 'confirmed' });
      const health = (await (await fetch(`${url}/health/ready`)).json()) as { modules: { name: string }[] };
      expect(health.modules.find(({ name }) => name === 'payments')).toMatchObject({
        database: 'remote',
        reachable: true,
      });
    },
    5 * MINUTES,
  );

  it(
    'comes back with its history, and nothing else is another thing than before',
    async () => {
      appendFileSync(join(payments.root, 'modules/payments/README.md'), '\nLearned on its own.\n');
      appendFileSync(join(payments.root, 'src/banner.ts'), '// A platform of its own.\n');
      payments.git('commit', '--quiet', '--all', '-m', 'own ways');
      const folder = `../${basename(payments.root)}`;
      const { code, output, errors } = await extract('payments', '--back', folder);
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(output).toContain(`Changed in ${folder} outside of the module, and left there:\n  src/banner.ts\n`);
      shop.commit();
      expect(shop.git('diff', '--name-only', before).trim().split('\n')).toEqual([
        'modules/payments/README.md',
        'modules/payments/contracts/payment-events.ts',
      ]);
      expect(shop.git('log', '--oneline', '--', 'modules/payments/README.md')).toContain('own ways');
      expect(shop.git('status', '--porcelain')).toBe('');
    },
    10 * MINUTES,
  );
});

describe('a module that was generated', () => {
  it(
    'leaves for a repository of its own, without history, and both pass every check',
    async () => {
      expect(await shop.tool('new', 'module', 'billing')).toMatchObject({ code: 0, errors: '' });
      expect((await shop.node([LAUNCH])).code).toBe(0);
      shop.commit();
      expect(await extract('billing', '--to', beside('billing'), '--no-history')).toMatchObject({
        code: 0,
        errors: '',
      });
      const billing = new Clone(others.at(-1));
      expect(billing.git('log', '--oneline').trim().split('\n')).toHaveLength(1);
      expect(text(billing, 'src/modules.ts').match(/import \{ \w+Module \}/g)).toEqual(['import { BillingModule }']);
      await expectGreen(billing);
      await expectGreen(shop);
    },
    40 * MINUTES,
  );
});
