import { beforeAll, expect, it } from '@jest/globals';
import { appendFileSync, readFileSync } from 'node:fs';
import { eventually } from '../../src/platform/testing/eventually.js';
import { readTraces } from '../../src/tools/readiness/signals/traces.js';
import type { CollectedSpan } from '../support/collector.js';
import { startHost } from '../support/host-process.js';
import { Jaeger } from '../support/jaeger.js';
import { needs } from '../support/needs.js';
import { Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';
import { MODULES, SplitShop } from '../support/topology.js';
import {
  expectAllModules,
  expectServices,
  FINAL_S,
  moduleOf,
  named,
  pathOf,
  placed,
  PRICE,
  serviceOf,
  wholeTrace,
} from './traces.js';

const describe = needs('go');
const OWN = 'shop';
const BUILD_MS = 3_600_000;
const LAST = 'ordering.order-confirmed.v1';

const PATH_OF_RESERVATION = [
  'inventory.reserve-stock.v1',
  'process inventory.reserve-stock.v1',
  'send inventory.reserve-stock.v1',
  'process ordering.checkout-started.v1',
  'send ordering.checkout-started.v1',
  'ordering.place-order.v1',
  'POST /v1/orders',
];

/** The module map, as the manifests say: who sends to whom. A durable command has its reply come back. */
function waysOfTheMap(): Set<string> {
  const ways = new Set<string>();
  for (const module of MODULES) {
    const { consumes = {} } = jsonOf<{ consumes?: object }>(`modules/${module}/module.json`);
    for (const message of Object.keys(consumes)) {
      const [owner] = message.split('.') as [string];
      const snapshot = jsonOf<Record<string, { kind: string }>>(`modules/${owner}/contracts.snapshot.json`);
      const { kind } = snapshot[message]!;
      ways.add(kind === 'event' ? `${owner} → ${module}` : `${module} → ${owner}`);
      if (kind === 'command') ways.add(`${owner} → ${module}`);
    }
  }
  return ways;
}

const jsonOf = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Everything that goes over a seam, once. @returns the trace of an order that was confirmed */
async function everything(shop: Shop, jaeger: Jaeger): Promise<CollectedSpan[]> {
  const sku = await (await shop.staff()).stocked(10, PRICE);
  const customer = await shop.customer();
  expect((await customer.buy([{ sku, quantity: 1 }], 'tok_decline')).status).toBe('cancelled');
  const { traceId, status } = await placed(customer, sku, 'tok_approve', FINAL_S);
  expect(status).toBe('confirmed');
  return await wholeTrace(jaeger, traceId, LAST);
}

async function arrowsOf(jaeger: Jaeger): Promise<string[]> {
  const isBetween = (arrow: string) => !arrow.startsWith(`${OWN} `);
  const found = async () => (await jaeger.dependencies()).map(({ parent, child }) => `${parent} → ${child}`);
  await eventually(async () => (await found()).filter(isBetween).length >= waysOfTheMap().size, 'the whole graph');
  return (await found()).sort();
}

async function report(
  title: string,
  processes: number,
  spans: readonly CollectedSpan[],
  jaeger: Jaeger,
): Promise<void> {
  const file = process.env['JAEGER_REPORT'];
  const graph = await jaeger.dependencies();
  const services = await jaeger.services();
  if (file) appendFileSync(file, `${JSON.stringify({ title, processes, spans: spans.length, services, graph })}\n`);
}

function expectGraph(arrows: readonly string[]): void {
  const [entry, between] = [true, false].map((isEntry) =>
    arrows.filter((each) => each.startsWith(`${OWN} `) === isEntry),
  );
  expect(between).toEqual([...waysOfTheMap()].sort());
  // Requests for pages and for payments are asked by nobody here.
  expect(entry).toEqual(expect.arrayContaining([`${OWN} → catalog`, `${OWN} → inventory`, `${OWN} → ordering`]));
}

describe('Jaeger', () => {
  let jaeger: Jaeger;
  beforeAll(async () => void (jaeger = await Jaeger.start()), BUILD_MS);

  it('has an order of one process as one trace, each module as a service, and the module map as its graph', async () => {
    const env = { ...(await ownEnv()), ...jaeger.env, OTEL_SERVICE_NAME: OWN };
    const { url } = await startHost(env);
    const spans = await everything(new Shop(url, env.DATA_DIR), jaeger);
    expectAllModules(spans);
    expectServices(spans, OWN);
    expect(pathOf(named(spans, PATH_OF_RESERVATION[0]!)[0]!, spans)).toEqual(PATH_OF_RESERVATION);
    expect(await jaeger.services()).toEqual([...MODULES, OWN].sort());
    expectGraph(await arrowsOf(jaeger));
    await report('one process', 1, spans, jaeger);
  }, 120_000);

  it('is read by the command that asks whether a module should leave', async () => {
    const traces = await readTraces(jaeger.url);
    const order = traces.filter(({ spans }) => spans.some(({ name }) => name === `process ${LAST}`));
    expect(order).toHaveLength(1);
    expect([...new Set(order[0]!.spans.map(({ module }) => module))]).toEqual(expect.arrayContaining([...MODULES]));
    const ids = order[0]!.spans.map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has the same of five processes', async () => {
    const own = await Jaeger.start();
    const settings = { ...own.env, OTEL_SERVICE_NAME: OWN };
    const groups = MODULES.map((module) => [module]);
    const { shop } = await SplitShop.start(groups, settings);
    const spans = await everything(shop, own);
    expect([...new Set(spans.map(moduleOf))]).toEqual(expect.arrayContaining([...MODULES]));
    expectServices(spans, OWN);
    expect(pathOf(named(spans, PATH_OF_RESERVATION[0]!)[0]!, spans).slice(0, 6)).toEqual(
      PATH_OF_RESERVATION.slice(0, 6),
    );
    expect(await own.services()).toEqual([...MODULES, OWN].sort());
    expectGraph(await arrowsOf(own));
    await report('every module in a process of its own', groups.length, spans, own);
  }, 180_000);

  it('has one trace of a process that reports modules and of one that does not, as an older version', async () => {
    const env = { ...(await ownEnv()), ...jaeger.env, OTEL_SERVICE_NAME: OWN };
    const host = await startHost(env);
    const shop = new Shop(host.url, env.DATA_DIR);
    const sku = await (await shop.staff()).stocked(1, PRICE);
    const { traceId, orderId } = await placed(await shop.customer(), sku, 'tok_slow');
    host.kill('SIGTERM');
    await host.stopped;
    const next = await startHost({ ...env, OTEL_TRACES_ONE_SERVICE: '1' });
    const staff = await new Shop(next.url, env.DATA_DIR).staff();
    await eventually(async () => (await staff.order(orderId)).status === 'confirmed', 'the order being confirmed');
    const spans = await wholeTrace(jaeger, traceId, LAST);
    expectAllModules(spans);
    const [first, last] = ['ordering.place-order.v1', `process ${LAST}`].map((name) => named(spans, name)[0]!);
    expect([serviceOf(first!), serviceOf(last!), moduleOf(last!)]).toEqual([
      `${OWN}/ordering`,
      `/${OWN}`,
      'storefront',
    ]);
    const read = (await readTraces(jaeger.url)).find((each) => each.traceId === traceId)!;
    expect(new Set(read.spans.map(({ spanId }) => spanId))).toEqual(new Set(spans.map(({ spanId }) => spanId)));
  }, 120_000);
});
