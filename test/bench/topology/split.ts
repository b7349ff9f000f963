import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupsOf, split as partsOf } from '../../../src/tools/rehearse/split.js';
import { killAll, startHost } from '../../support/host-process.js';
import type { Bench, Row, Series } from '../harness.js';
import { inTurns, times } from '../harness.js';
import { Place } from '../server.js';
import type { Load, Shop } from '../shop/load.js';
import { confirmOrders } from '../shop/load.js';
import { stocked } from '../shop/ours.js';

const MODULES = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'];
const ORDERS = 400;
const CLIENTS = 16;
const SIDES = {
  'one process': [MODULES],
  'payments outside': groupsOf(MODULES, 'payments'),
  'five processes': groupsOf(MODULES, 'all'),
} as const;
type Side = keyof typeof SIDES;

/** What a split costs on the same machine: orders confirmed per second, and how long each takes. */
export async function splitShop(bench: Bench): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-topology-'));
  const places: Place[] = [];
  try {
    const shops = new Map<Side, Shop>();
    for (const side of Object.keys(SIDES) as Side[]) {
      const place = await Place.make();
      places.push(place);
      shops.set(side, await start(side, place, join(folder, String(places.length))));
      await confirmOrders(shops.get(side)!, 200, CLIENTS);
    }
    return await measure(bench, shops);
  } finally {
    await killAll();
    for (const place of places) await place.drop();
    await rm(folder, { recursive: true });
  }
}

async function start(side: Side, { url: DATABASE_URL }: Place, DATA_DIR: string): Promise<Shop> {
  const parts = await partsOf(SIDES[side]);
  const common = { DATABASE_URL, DATA_DIR, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
  for (const part of parts) await startHost({ ...common, ...part.env });
  return await stocked(parts[0]!.url, DATA_DIR);
}

async function measure(bench: Bench, shops: ReadonlyMap<Side, Shop>): Promise<Row[]> {
  const waits = new Map<Side, Load[]>();
  const sides = [...shops].map(([side, shop]) => [
    side,
    async () => {
      const load = await confirmOrders(shop, ORDERS, CLIENTS);
      waits.set(side, [...(waits.get(side) ?? []), load]);
      return load.perSecond;
    },
  ]);
  const series = await inTurns(bench, Object.fromEntries(sides) as Record<Side, () => Promise<number>>);
  return [...shops.keys()].map((side) => row(side, series, waits.get(side)!));
}

function row(side: Side, series: Series, loads: readonly Load[]): Row {
  const middle = (of: (load: Load) => number) =>
    Math.round(loads.map(of).toSorted((a, b) => a - b)[loads.length >> 1]!);
  const against = side === 'one process' ? '' : `${times(series.ratio(side, 'one process'))} of one process: `;
  return {
    benchmark: `Shop, ${CLIENTS} clients, ${side}: orders confirmed per second`,
    target: 'published',
    measured: `${against}${Math.round(series.of(side))}/s, p50 ${middle(({ p50 }) => p50)} ms, p99 ${middle(({ p99 }) => p99)} ms`,
  };
}
