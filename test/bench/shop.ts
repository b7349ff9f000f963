import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintDevelopmentToken } from '../../src/platform/http/auth/auth.js';
import { killAll, runBuilt, startHost } from '../support/host-process.js';
import { eventually } from '../../src/platform/testing/index.js';
import type { Bench, Row } from './harness.js';
import { inTurns, times } from './harness.js';
import { Place, withServer } from './server.js';
import type { Shop } from './shop/load.js';
import { confirmOrders } from './shop/load.js';
import { stocked } from './shop/ours.js';

const ORDERS = 800;
const CLIENTS = 32;
const REPLICAS = [1, 2, 4];

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** What the seams cost: orders confirmed per second, against the same checkout in one module and one transaction. */
export async function shop(bench: Bench): Promise<Row[]> {
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const folder = await mkdtemp(join(tmpdir(), 'bench-shop-'));
    const places = [await Place.make(), await Place.make(), await Place.make()] as const;
    try {
      const plainly = { plain: await plain(places[1], folder), sameWork: await plain(places[2], folder, 'yes') };
      const seams = await compare(bench, await ours(places[0], folder), plainly);
      await killAll();
      return bench.wants('replicas') ? [...seams, ...(await replicas(bench, places[0], folder))] : seams;
    } finally {
      await killAll();
      for (const place of places) await place.drop();
      await rm(folder, { recursive: true });
    }
  });
}

async function compare(
  bench: Bench,
  ours: Shop,
  { plain, sameWork }: Record<'plain' | 'sameWork', Shop>,
): Promise<Row[]> {
  // Once through everything before it counts.
  for (const each of [ours, plain, sameWork]) await confirmOrders(each, 300, CLIENTS);
  const measure = (shop: Shop) => async () => (await confirmOrders(shop, ORDERS, CLIENTS)).perSecond;
  const series = await inTurns(bench, { modular: measure(ours), plain: measure(plain), sameWork: measure(sameWork) });
  const row = (against: 'plain' | 'sameWork', what: string, target: number | undefined): Row => {
    const ratio = series.ratio('modular', against);
    return {
      benchmark: `Shop: orders confirmed per second, one process, against ${what}`,
      target: target ? `≥ ${target} ×` : 'published',
      measured: `${times(ratio)} (${Math.round(series.of('modular'))}/s against ${Math.round(series.of(against))}/s)`,
      ...(target && { reached: ratio >= target }),
    };
  };
  return [
    row('sameWork', 'a plain shop that does the same work without seams', 0.5),
    row('plain', 'the same checkout in one transaction', undefined),
  ];
}

/** What more processes on one machine and one database do: the work is shared, the cores are not more. */
async function replicas(bench: Bench, place: Place, folder: string): Promise<Row[]> {
  const series = await inTurns(
    bench,
    Object.fromEntries(REPLICAS.map((count) => [String(count), () => withReplicas(count, place, folder)])),
  );
  return REPLICAS.slice(1).map((count) => ({
    benchmark: `Shop: the same with ${count} replicas on this machine, against one`,
    target: '–',
    measured: `${times(series.ratio(String(count), '1'))} (${Math.round(series.of(String(count)))}/s)`,
  }));
}

async function withReplicas(count: number, place: Place, folder: string): Promise<number> {
  const hosts = await Promise.all(Array.from({ length: count }, () => hostOn(place, folder)));
  const urls = hosts.map(({ url }) => url);
  const shop = { ...(await stocked(urls[0]!, folder)), urls };
  await confirmOrders(shop, 200, CLIENTS);
  const { perSecond } = await confirmOrders(shop, ORDERS, CLIENTS);
  await killAll();
  return perSecond;
}

const hostOn = ({ url: DATABASE_URL }: Place, DATA_DIR: string) =>
  startHost({ DATABASE_URL, DATA_DIR, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' });

async function ours(place: Place, folder: string): Promise<Shop> {
  return await stocked((await hostOn(place, folder)).url, folder);
}

async function plain({ url: DATABASE_URL, pool }: Place, DATA_DIR: string, SAME_WORK = 'no'): Promise<Shop> {
  await pool.query(await readFile('test/bench/shop/plain.sql', 'utf8'));
  const running = runBuilt('../test/bench/shop/plain.js', [], { DATABASE_URL, DATA_DIR, SAME_WORK });
  const url = await eventually(() => running.output().trim() || undefined, 'the plain shop', 30_000);
  const skus = Array.from({ length: 200 }, (_, index) => `sku-${index + 1}`);
  return {
    urls: [url],
    skus,
    token: await mintDevelopmentToken(DATA_DIR, { sub: 'alice', role: 'customer', ttl: '1h' }),
  };
}
