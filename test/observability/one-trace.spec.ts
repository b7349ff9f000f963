import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/eventually.js';
import { Collector } from '../support/collector.js';
import { startHost } from '../support/host-process.js';
import { get, rawRequest } from '../support/raw-http.js';
import type { Customer } from '../support/shop.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import {
  expectAllModules,
  expectServices,
  FINAL_S,
  named,
  newTraceId,
  pathOf,
  placed,
  PRICE,
  serviceOf,
  wholeTrace,
} from './traces.js';

describe('one process', () => {
  let collector: Collector;
  let customer: Customer;
  let sku: string;
  let url: string;

  beforeAll(async () => {
    collector = await Collector.start();
    const env = { ...(await ownEnv()), ...collector.env, OTEL_SERVICE_NAME: 'shop' };
    ({ url } = await startHost(env));
    const shop = new Shop(url, env.DATA_DIR);
    customer = await shop.customer();
    sku = await (await shop.staff()).stocked(100, PRICE);
  }, 60_000);

  it('an order is one trace through all modules, each span below what caused it', async () => {
    const { traceId, status } = await placed(customer, sku, 'tok_approve', FINAL_S);
    expect(status).toBe('confirmed');
    const spans = await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1');
    expectAllModules(spans);
    expectServices(spans, 'shop');
    const together = spans.filter((span) => span.export === spans[0]!.export);
    expect(new Set(together.map(serviceOf)).size).toBeGreaterThan(1);
    const [reserved] = named(spans, 'inventory.reserve-stock.v1');
    expect(pathOf(reserved!, spans)).toEqual([
      'inventory.reserve-stock.v1',
      'process inventory.reserve-stock.v1',
      'send inventory.reserve-stock.v1',
      'process ordering.checkout-started.v1',
      'send ordering.checkout-started.v1',
      'ordering.place-order.v1',
      'POST /v1/orders',
    ]);
    const [settled] = named(spans, 'payments.settle-payment.v1');
    expect(pathOf(settled!, spans)).toContain('process payments.charge-requested.v1');
  });

  it.each([
    ['a path that cannot be decoded', '/v1/orders/%zz', 400],
    ['a parameter that is too long', `/v1/orders/${'x'.repeat(101)}`, 414],
  ])('a request with %s has a span that ends', async (_, target, status) => {
    const traceId = newTraceId();
    const head = get(target, `\ntraceparent: 00-${traceId}-b7ad6b7169203331-01`);
    expect((await rawRequest(url, head)).status).toBe(status);
    const [span] = await eventually(() => collector.trace(traceId).length > 0 && collector.trace(traceId), 'its span');
    expect(span).toMatchObject({ name: 'GET', attributes: { 'http.response.status_code': status } });
  });

  it('statements are below the transaction of the command, and say what, not with which values', async () => {
    const { traceId, orderId } = await placed(customer, sku, 'tok_approve', FINAL_S);
    const spans = await wholeTrace(collector, traceId, 'ordering.order-confirmed.v1');
    const [insert] = named(spans, 'INSERT orders');
    expect(pathOf(insert!, spans).slice(0, 3)).toEqual([
      'INSERT orders',
      'transaction ordering',
      'ordering.place-order.v1',
    ]);
    expect(insert!.attributes).toMatchObject({ 'db.system.name': 'postgresql', 'db.operation.name': 'INSERT' });
    expect(spans.filter(({ attributes }) => String(attributes['db.query.text']).includes(orderId))).toEqual([]);
    expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('tok_approve');
  });
});
