import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { killAll, runProcess, untilReady } from '../support/host-process.js';
import type { Bench, Row } from './harness.js';
import { inTurns, times } from './harness.js';
import { Place, withServer } from './server.js';
import type { Load, Shop } from './shop/load.js';
import { confirmOrders } from './shop/load.js';
import { stocked } from './shop/ours.js';
import { COUNTED, Counter } from './shop/statements.js';

/** Clients at a time, with the orders that are measured for each number. */
const LOADS = [
  { clients: 1, orders: 200 },
  { clients: 32, orders: 800 },
  { clients: 128, orders: 1600 },
] as const;
const WARM_UP = 300;

/** Statements of one confirmed order at most. */
const TARGETS: Readonly<Record<number, number>> = { 1: 95, 32: 45, 128: 38 };

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** A build of the application, on a database of its own. */
interface Side {
  shop: Shop;
  counter: Counter;
}

/**
 * The price of the seams in one process: statements of an order, counted by PostgreSQL; and, against the build of another
 * revision in the folder `BENCH_AGAINST`, what clients see of it.
 */
export async function price(bench: Bench): Promise<Row[]> {
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const folder = await mkdtemp(join(tmpdir(), 'bench-price-'));
    const places: Place[] = [];
    const start = async (build: string): Promise<Side> => {
      const place = await Place.make();
      places.push(place);
      return { shop: await started(build, place, folder), counter: new Counter(place.pool) };
    };
    try {
      const former = process.env['BENCH_AGAINST'];
      const ours = await start(resolve('.'));
      const theirs = former && existsSync(former) ? await start(former) : undefined;
      const rows = await statements(bench, ours);
      return theirs ? [...rows, ...(await against(bench, ours, theirs))] : rows;
    } finally {
      await killAll();
      for (const place of places) await place.drop();
      await rm(folder, { recursive: true });
    }
  }, COUNTED);
}

async function started(build: string, { url: DATABASE_URL }: Place, DATA_DIR: string): Promise<Shop> {
  const env = { DATABASE_URL, DATA_DIR, PORT: '0', RATE_LIMIT: 'off', LOG_LEVEL: 'warn', OTEL_SDK_DISABLED: 'true' };
  const options = { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env }, cwd: build };
  const host = await untilReady(runProcess(process.execPath, [join(build, 'dist/src/main.js')], options));
  const shop = await stocked(host.url, DATA_DIR);
  await confirmOrders(shop, WARM_UP, 32);
  return shop;
}

async function statements(bench: Bench, { shop, counter }: Side): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { clients, orders } of LOADS) {
    const {
      statements: each,
      commits,
      texts,
    } = await counter.price(orders, () => confirmOrders(shop, orders, clients));
    bench.say(`  ${clients} clients: ${each.toFixed(1)} statements\n${texts}`);
    rows.push({
      benchmark: `Shop: statements of a confirmed order, ${clients} client${clients > 1 ? 's' : ''}`,
      target: `≤ ${TARGETS[clients]}`,
      measured: `${each.toFixed(0)}, of them ${commits.toFixed(1)} commits`,
      reached: each <= TARGETS[clients]!,
    });
  }
  return rows;
}

async function against(bench: Bench, ours: Side, theirs: Side): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { clients, orders } of LOADS) {
    if (!bench.wants(String(clients))) continue;
    const waits: Record<string, number[]> = { now: [], former: [] };
    const side = (name: string, shop: Shop) => async () => {
      const load: Load = await confirmOrders(shop, orders, clients);
      waits[name]!.push(load.p50);
      return load.perSecond;
    };
    const series = await inTurns(bench, { now: side('now', ours.shop), former: side('former', theirs.shop) });
    const ratio = series.ratio('now', 'former');
    const p50 = (name: string) => waits[name]!.toSorted((a, b) => a - b)[waits[name]!.length >> 1]!;
    const target = { 1: '≤ 0.5 × the wait', 32: '≥ 1.8 ×', 128: '≥ 1.5 ×' }[clients];
    const reached = { 1: p50('now') <= 0.5 * p50('former'), 32: ratio >= 1.8, 128: ratio >= 1.5 }[clients];
    rows.push({
      benchmark: `Shop, ${clients} client${clients > 1 ? 's' : ''}: orders confirmed per second, against the former revision`,
      target,
      measured:
        `${times(ratio)} (${Math.round(series.of('now'))}/s against ${Math.round(series.of('former'))}/s); ` +
        `p50 ${times(p50('now') / p50('former'))} (${p50('now').toFixed(0)} ms against ${p50('former').toFixed(0)} ms)`,
      reached,
    });
  }
  return rows;
}
