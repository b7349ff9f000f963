import { beforeAll, expect, it } from '@jest/globals';
import { acceptance } from '../../src/tools/rehearse/acceptance.js';
import { variableOf } from '../../src/topology.js';
import { eventually } from '../../src/platform/testing/index.js';
import { Cluster } from '../support/cluster.js';
import { startHost } from '../support/host-process.js';
import { needs } from '../support/needs.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { Shop } from '../support/shop.js';
import { emptyFolder, loginAt } from '../support/stage.js';
import { MODULES } from '../support/topology.js';

const describe = needs('pg_basebackup', 'pgbouncer');
const CUSTOMERS = 4;

/** What a customer has been told of an order. */
interface Told {
  orderId: string;
  status: string;
}

describe('a primary with a standby that takes over, each behind a PgBouncer', () => {
  let [primary, standby]: Cluster[] = [];
  let shop: Shop;
  let place: { url: string; dataDir: string };
  beforeAll(async () => {
    primary = await Cluster.start('synchronous_standby_names=*', 'synchronous_commit=local', 'max_connections=200');
    standby = await primary.standby('max_connections=200');
    const logins = new Map(MODULES.map((module) => [module, loginAt(primary!.adminUrl, module)]));
    const there = (url: string) => Object.assign(new URL(url), { port: String(standby!.port) }).href;
    const first = await PgBouncer.before([...logins.values()], { default_pool_size: 5 });
    const second = await PgBouncer.before([...logins.values()].map(there), { default_pool_size: 5 });
    const env = [...logins].flatMap(([module, url]) => [
      [variableOf(module, 'DATABASE_URL'), `${first.through(url)} ${second.through(url)}`],
      [variableOf(module, 'DATABASE_DIRECT_URL'), `${url} ${there(url)}`],
    ]);
    const dataDir = await emptyFolder();
    const { url } = await startHost({
      DATA_DIR: dataDir,
      DATABASE_URL: primary.adminUrl,
      RATE_LIMIT: 'off',
      ...(Object.fromEntries(env) as Record<string, string>),
    });
    // Each commit of a module waits for the standby: what is answered is there.
    for (const login of logins.values())
      await primary.query(`ALTER ROLE "${new URL(login).username}" SET synchronous_commit = on`);
    place = { url, dataDir };
    shop = new Shop(url, dataDir);
  }, 120_000);

  it('loses no order that was answered, charges none twice, and the acceptance suite passes after it', async () => {
    const sku = await (await shop.staff()).stocked(1000);
    let over = false;
    const told: Told[] = [];
    const customers = Array.from({ length: CUSTOMERS }, async (_, n) => {
      const customer = await shop.customer();
      for (let i = 0; !over; i++) {
        const key = `order-of-${n}-${i}-and-its-key`;
        const order = () => customer.place([{ sku, quantity: 1 }], 'tok_approve', { key, wait: 10 });
        // Whoever hears nothing asks again, with the same key.
        const answered = async () => {
          const answer = await order().catch(() => undefined);
          return answer?.status === 200 && answer.body;
        };
        told.push(await eventually(answered, 'an order being final', 60_000));
      }
    });
    const failure = Promise.all(customers).then(() => undefined);
    const more = (count: number) =>
      Promise.race([failure, eventually(() => told.length >= count, `${count} orders`, 60_000)]);
    await more(8);
    await primary!.crash();
    await standby!.query('SELECT pg_promote()');
    await more(told.length + 8);
    over = true;
    await failure;
    const ids = told.map(({ orderId }) => `'${orderId}'`).join();
    const [kept] = await standby!.query<{ orders: number; charges: number }>(
      `SELECT (SELECT count(*)::int FROM ordering.orders WHERE order_id IN (${ids})) AS orders,
              (SELECT count(*)::int FROM payments.payment WHERE order_id IN (${ids})) AS charges`,
    );
    expect(kept).toEqual({ orders: told.length, charges: told.length });
    const files = 'test/acceptance/(ordering|cancellation)';
    const { passed, failures } = await acceptance({ ...place, patienceMs: 0, files });
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(10);
  }, 240_000);
});
