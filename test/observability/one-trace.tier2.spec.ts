import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/eventually.js';
import { Collector } from '../support/collector.js';
import { startHost } from '../support/host-process.js';
import type { Customer } from '../support/shop.js';
import { newKey, Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import { MODULES, SplitShop } from '../support/topology.js';
import {
  expectAllModules,
  expectServices,
  FINAL_S,
  moduleOf,
  named,
  newTraceId,
  placed,
  PRICE,
  serviceOf,
  wholeTrace,
} from './traces.js';

let collector: Collector;
beforeAll(async () => void (collector = await Collector.start()));

describe('one process', () => {
  let env: Awaited<ReturnType<typeof ownEnv>>;
  let shop: Shop;
  let customer: Customer;
  let sku: string;
  let host: Awaited<ReturnType<typeof startHost>>;

  beforeAll(async () => {
    env = { ...(await ownEnv()), ...collector.env, PAYMENT_TIMEOUT_MS: '5000' };
    host = await startHost(env);
    shop = new Shop(host.url, env.DATA_DIR);
    customer = await shop.customer();
    sku = await (await shop.staff()).stocked(100, PRICE);
  }, 60_000);

  it('an order whose payment is tried again stays in its trace', async () => {
    const { traceId, status } = await placed(customer, sku, 'tok_flaky', FINAL_S);
    expect(status).toBe('confirmed');
    const spans = await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1');
    expectAllModules(spans);
    const attempts = named(spans, 'process payments.charge-requested.v1');
    expect(attempts.length).toBeGreaterThan(2);
    expect(new Set(attempts.map(({ parentId }) => parentId)).size).toBe(1);
  });

  it('an order that times out stays in its trace until everything is undone', async () => {
    const { traceId, status } = await placed(customer, sku, 'tok_never', FINAL_S);
    expect(status).toBe('cancelled');
    const spans = await wholeTrace(collector, traceId, 'ordering.order-cancelled.v1');
    expectAllModules(spans);
    await eventually(() => named(collector.trace(traceId), 'inventory.release-stock.v1').length === 1);
  });

  it('a request that its sender does not record is not recorded, however far it goes', async () => {
    const traceId = newTraceId();
    const headers = {
      'idempotency-key': newKey(),
      prefer: 'wait=30',
      traceparent: `00-${traceId}-b7ad6b7169203331-00`,
    };
    const body = { lines: [{ sku, quantity: 1 }], paymentToken: 'tok_approve' };
    const answer = await customer.post('/v1/orders', body, headers);
    expect([answer.status, answer.headers.get('x-trace-id')]).toEqual([200, traceId]);
    const { traceId: later } = await placed(customer, sku, 'tok_approve', FINAL_S);
    await wholeTrace(collector, later, 'ordering.order-confirmed.v1');
    expect(collector.trace(traceId)).toEqual([]);
  });

  it('an order is in the same trace when another process goes on with it', async () => {
    const { traceId, orderId } = await placed(customer, sku, 'tok_slow');
    host.kill('SIGTERM');
    await host.stopped;
    const next = await startHost(env);
    const after = await new Shop(next.url, env.DATA_DIR).staff();
    await eventually(async () => (await after.order(orderId)).status === 'confirmed', 'the order being confirmed');
    expectAllModules(await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1'));
  }, 60_000);
});

describe('OTEL_TRACES_ONE_SERVICE', () => {
  it('has a process report all that it does as one service', async () => {
    const env = { ...(await ownEnv()), ...collector.env, OTEL_TRACES_ONE_SERVICE: '1', OTEL_SERVICE_NAME: 'shop' };
    const { url } = await startHost(env);
    const shop = new Shop(url, env.DATA_DIR);
    const sku = await (await shop.staff()).stocked(1, PRICE);
    const { traceId } = await placed(await shop.customer(), sku, 'tok_approve', FINAL_S);
    const spans = await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1');
    expectAllModules(spans);
    expect([...new Set(spans.map(serviceOf))]).toEqual(['/shop']);
  }, 60_000);
});

describe('every module in a process of its own', () => {
  it('an order is one trace through all of them', async () => {
    const split = await SplitShop.start(
      MODULES.map((module) => [module]),
      collector.env,
    );
    const sku = await (await split.shop.staff()).stocked(1, PRICE);
    const { traceId, status } = await placed(await split.shop.customer(), sku, 'tok_approve', FINAL_S);
    expect(status).toBe('confirmed');
    const spans = await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1');
    expect([...new Set(spans.map(moduleOf))].sort()).toEqual(expect.arrayContaining([...MODULES]));
    const [asked, answered] = named(spans, 'catalog.find-products.v1').sort((a, b) => a.kind - b.kind);
    expect([asked!.kind, answered!.kind].sort()).toEqual([2, 3]);
    expectServices(spans, 'liftout');
    // Who asks is whose handler runs: the span itself names nobody.
    const asking = spans.filter(({ kind, attributes }) => kind === 3 && attributes['rpc.method'] !== undefined);
    expect(asking.map(serviceOf)).toContain('liftout/ordering');
  }, 120_000);
});
