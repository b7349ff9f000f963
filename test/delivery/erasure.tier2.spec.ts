import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { moduleUrl } from '../../src/platform/connection/urls.js';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import { newKey, newName, Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';

describe('npm run erase beside the running application', () => {
  let env: HostEnv & { DATA_DIR: string; DATABASE_URL: string };
  let shop: Shop;
  let ordering: pg.Client;
  /** Within its transaction a session sees the others as they were. */
  let watcher: pg.Client;
  const customer = newName('erased-customer');
  const key = newKey();

  beforeAll(async () => {
    env = await ownEnv();
    shop = new Shop((await startHost(env)).url, env.DATA_DIR);
    const connectionString = moduleUrl(env.DATABASE_URL, 'ordering');
    ordering = new pg.Client({ connectionString, options: '-c search_path=ordering' });
    watcher = new pg.Client({ connectionString });
    await Promise.all([ordering.connect(), watcher.connect()]);
  }, 90_000);
  afterAll(() => Promise.all([ordering.end(), watcher.end()]));

  const start = (...args: string[]) => runBuilt('tools/erase.js', args, env);
  const run = async (...args: string[]) => await start(...args).stopped;
  const erase = () => run(customer, '--reason', 'request 12', '--by', 'the officer');
  const place = async (sku: string) =>
    await (await shop.customer(customer)).place([{ sku, quantity: 1 }], 'tok_approve', { key, wait: 20 });
  const traces = async (orderId: string) =>
    await (await fetch(`${shop.url}/_dev/traces?q=${orderId}`, { headers: { accept: 'application/json' } })).text();

  it('is killed in the middle, and run again; then all is erased, and the client is told', async () => {
    const sku = await (await shop.staff()).stocked(10, 1250);
    const { orderId } = (await place(sku)).expect(200);
    expect(await traces(orderId)).toContain('traceId');
    await ordering.query('BEGIN');
    await ordering.query('SELECT FROM outbox WHERE aggregateid = $1 FOR UPDATE', [orderId]);
    const killed = start(customer, '--reason', 'request 12');
    const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE outbox_1 %'`;
    await eventually(async () => (await watcher.query(waits)).rowCount === 1, 'the erasure in its middle', 30_000);
    killed.kill('SIGKILL');
    await killed.stopped;
    await ordering.query('ROLLBACK');
    const again = await erase();
    expect(again).toMatchObject({ code: 0, errors: '' });
    expect(again.output).toMatch(/^ordering +outbox +\d+$/m);
    expect(again.output).toMatch(/^ordering +command_outcome +1$/m);
    expect(again.output).toMatch(/^storefront +order_page +1$/m);
    expect(again.output).toContain('the officer');
    expect(again.output).not.toContain(customer);
    const { rows } = await ordering.query('SELECT * FROM outbox');
    expect(JSON.stringify(rows)).not.toContain(customer);
    expect((await place(sku)).status).toBe(410);
    await eventually(async () => !(await traces(orderId)).includes('traceId'), 'the traces being forgotten');
    expect((await erase()).output).toContain('Nothing was found');
  }, 120_000);

  it('says what is wrong in one line', async () => {
    expect(await run('system', '--reason', 'x')).toMatchObject({
      code: 2,
      errors: '"system" stands for no person: its messages are left as they are.\n',
    });
    const split = { ...env, MODULES: 'ordering', SEAM_PORT: '0', SEAM_SECRET: randomBytes(32).toString('base64') };
    const urls = ['catalog', 'inventory', 'payments', 'storefront'].map((module) => [
      `${module.toUpperCase()}_URL`,
      'http://127.0.0.1:9',
    ]);
    const alone = await runBuilt('tools/erase.js', [customer, '--reason', 'x'], {
      ...split,
      ...Object.fromEntries(urls),
    }).stopped;
    expect(alone).toMatchObject({ code: 0, output: expect.stringContaining('payments runs elsewhere') });
  }, 60_000);
});
