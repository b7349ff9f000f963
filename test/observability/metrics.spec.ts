import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/eventually.js';
import { Client } from '../support/client.js';
import { startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import { queriesOf, rulesText } from './ready-made.js';

let shop: Shop;
beforeAll(async () => {
  const env = await ownEnv();
  shop = new Shop((await startHost(env)).url, env.DATA_DIR);
  const sku = await (await shop.staff()).stocked(10, 700);
  const customer = await shop.customer();
  expect((await customer.buy([{ sku, quantity: 2 }])).status).toBe('confirmed');
  expect((await customer.buy([{ sku, quantity: 1 }], 'tok_decline')).status).toBe('cancelled');
  expect((await customer.buy([{ sku, quantity: 900 }])).status).toBe('cancelled');
  (await customer.place([{ sku: 'there-is-none', quantity: 1 }])).expect(422);
}, 90_000);

const numbers = async () => (await shop.anybody().get<string>('/metrics')).expect(200);

/** The value of the first series with these labels. */
function value(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const has = (line: string) => Object.entries(labels).every(([label, is]) => line.includes(`${label}="${is}"`));
  const line = text.split('\n').find((each) => each.split(/[{ ]/)[0] === name && has(each));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

describe('the numbers', () => {
  it('say what happened to the business', async () => {
    const text = await numbers();
    expect(value(text, 'liftout_business_orders_placed_total')).toBe(3);
    expect(value(text, 'liftout_business_orders_confirmed_total')).toBe(1);
    expect(value(text, 'liftout_business_orders_cancelled_total', { reason: 'payment_declined' })).toBe(1);
    expect(value(text, 'liftout_business_orders_cancelled_total', { reason: 'out_of_stock' })).toBe(1);
    expect(value(text, 'liftout_business_value_charged_total', { currency: 'EUR' })).toBe(1400);
  });

  it('say what went over each seam, how it ended and how long it took', async () => {
    const asked = { from: 'ordering', to: 'catalog', message: 'catalog.find-products.v1', outcome: 'ok' };
    const refused = { message: 'ordering.place-order.v1', outcome: 'refused' };
    const heard = { from: 'ordering', to: 'storefront', message: 'ordering.order-placed.v1' };
    const request = {
      http_request_method: 'POST',
      http_route: '/v1/orders',
      http_response_status_code: '422',
    };
    await eventually(async () => value(await numbers(), 'liftout_message_age_seconds_count', heard) === 3);
    const text = await numbers();
    expect(value(text, 'liftout_seam_duration_seconds_count', asked)).toBe(4);
    expect(value(text, 'liftout_seam_duration_seconds_sum', asked)).toBeGreaterThan(0);
    expect(value(text, 'liftout_seam_duration_seconds_count', refused)).toBe(1);
    expect(value(text, 'http_server_request_duration_seconds_count', request)).toBe(1);
  });

  it('say what waits, and what the process has left', async () => {
    const backlog = { consumer: 'storefront.orders' };
    await eventually(async () => value(await numbers(), 'liftout_delivery_backlog', backlog) === 0);
    const text = await numbers();
    expect(value(text, 'liftout_dead_letters', { consumer: 'payments.commands' })).toBe(0);
    expect(value(text, 'liftout_delivery_oldest_seconds', { consumer: 'ordering.checkout' })).toBeDefined();
    expect(value(text, 'liftout_sagas', { saga: 'ordering.checkout', state: 'running' })).toBeDefined();
    expect(value(text, 'liftout_saga_quiet_seconds', { saga: 'ordering.checkout' })).toBeDefined();
    const nightly = { module: 'inventory', schedule: 'nightly-stock-check' };
    expect(value(text, 'liftout_schedule_overdue_seconds', nightly)).toBe(0);
    expect(value(text, 'liftout_delayed_commands', { module: 'ordering' })).toBeDefined();
    expect(value(text, 'liftout_delayed_overdue_seconds', { module: 'ordering' })).toBe(0);
    expect(value(text, 'liftout_pool_connections', { module: 'ordering', state: 'idle' })).toBeDefined();
    expect(value(text, 'liftout_event_loop_delay_seconds', { percentile: '99' })).toBeGreaterThanOrEqual(0);
  });

  it('stay few, whatever is asked for', async () => {
    const series = (text: string) =>
      new Set(
        text
          .split('\n')
          .filter((line) => /^(liftout_seam|http)/.test(line))
          .map((line) => line.split(' ')[0]),
      ).size;
    const ask = async (word: string) => {
      const paths = Array.from({ length: 60 }, (_, n) => [`/v1/catalog/products/${word}-${n}`, `/${word}/${n}`]).flat();
      await Promise.all(paths.map((path) => shop.anybody().get(path)));
      return series(await numbers());
    };
    const before = await ask('one');
    expect(await ask('another')).toBe(before);
    expect(before).toBeLessThan(2000);
  });
});

describe('the alerts and the dashboard', () => {
  it('speak of numbers that the running application tells, and of no others', async () => {
    const told = new Set((await numbers()).split('\n').map((line) => line.split(/[{ ]/)[0]!));
    const used = new Set(`${queriesOf().join(' ')} ${rulesText()}`.match(/\b(?:liftout|http_server)_[a-z_]+\b/g));
    expect(used.size).toBeGreaterThan(12);
    // Nobody has been refunded, and nothing has failed here: such a counter begins with its first value.
    // Nor does any data move: test/cutover/figures.tier2.spec.ts.
    const moves = ['liftout_cutover_step', 'liftout_cutover_lag_bytes', 'liftout_held_seconds'];
    const later = ['liftout_business_value_refunded_total', ...moves];
    expect([...used].filter((name) => !told.has(name) && !later.includes(name))).toEqual([]);
  });
});

describe('OPS_PORT', () => {
  it('answers for operations and nothing else', async () => {
    const host = await startHost({ ...(await ownEnv()), OPS_PORT: '0', LOG_LEVEL: 'info' });
    const listens = /"port":(\d+),"msg":"metrics and operations listen"/;
    const port = await eventually(() => listens.exec(host.output())?.[1]);
    const ops = new Client(`http://127.0.0.1:${port}`);
    expect((await ops.get<string>('/metrics')).expect(200)).toContain('liftout_dead_letters');
    (await ops.get('/health/ready')).expect(200);
    (await ops.get('/_ops/deliveries')).expect(401);
    for (const path of ['/v1/catalog/products', '/_dev', '/docs', '/metricsx']) (await ops.get(path)).expect(404);
  }, 60_000);
});
