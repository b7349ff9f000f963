import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostEnv } from '../support/host-process.js';
import { killAll, runBuilt } from '../support/host-process.js';
import type { Bench, Row, Series } from './harness.js';
import { inTurns, times } from './harness.js';
import { bareBuild } from './observability/bare.js';
import { Place, withServer } from './server.js';
import type { Shop } from './shop/load.js';
import { confirmOrders } from './shop/load.js';
import { stocked } from './shop/ours.js';

const ORDERS = 150;
/** Short turns, and many: what a turn is disturbed by is more than the difference that is looked for. */
const MORE_TURNS = 4;
const CLIENTS = 16;

const SIDES = ['off', 'sampled', 'full'] as const;
const TARGETS = { off: 0.98, sampled: 0.85, full: 0.7 };
const WHAT = {
  off: 'tracing off (`OTEL_SDK_DISABLED`)',
  sampled: 'a tenth of all traces to a collector, and all numbers',
  full: 'every trace to a collector, and all numbers',
};

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** What it costs to see: orders confirmed per second, against a build without spans and numbers. */
export async function observability(bench: Bench): Promise<Row[]> {
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const folder = await mkdtemp(join(tmpdir(), 'bench-observability-'));
    const sink = await collector();
    const places: Place[] = [];
    try {
      const open = async (file: string, env: HostEnv) => {
        const place = await Place.make();
        places.push(place);
        return await start(file, { ...env, DATABASE_URL: place.url, DATA_DIR: folder });
      };
      return await compare(bench, open, sink.env);
    } finally {
      await killAll();
      sink.close();
      for (const place of places) await place.drop();
      await rm(folder, { recursive: true });
    }
  });
}

type Open = (file: string, env: HostEnv) => Promise<Shop>;

async function compare(bench: Bench, open: Open, exporting: HostEnv): Promise<Row[]> {
  const tenth = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' };
  const shops = {
    without: await open(await bareBuild(), { OTEL_SDK_DISABLED: 'true' }),
    off: await open('main.js', { OTEL_SDK_DISABLED: 'true' }),
    sampled: await open('main.js', { ...exporting, ...tenth }),
    full: await open('main.js', exporting),
  };
  // Once through everything before it counts.
  for (const shop of Object.values(shops)) await confirmOrders(shop, 300, CLIENTS);
  const measure = (shop: Shop) => async () => (await confirmOrders(shop, ORDERS, CLIENTS)).perSecond;
  const sides = Object.entries(shops).map(([name, shop]) => [name, measure(shop)] as const);
  const series = await inTurns({ ...bench, turns: bench.turns * MORE_TURNS }, Object.fromEntries(sides));
  return SIDES.map((side) => row(side, series));
}

function row(side: (typeof SIDES)[number], series: Series): Row {
  const ratio = series.ratio(side, 'without');
  const [own, without] = [series.of(side), series.of('without')].map(Math.round);
  return {
    benchmark: `Orders confirmed per second, ${WHAT[side]}, against a build without any`,
    target: `≥ ${TARGETS[side]} ×`,
    measured: `${times(ratio)} (${own}/s against ${without}/s)`,
    reached: ratio >= TARGETS[side],
  };
}

async function start(file: string, env: HostEnv): Promise<Shop> {
  const quiet = { PORT: '0', RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
  const running = runBuilt(file, [], { ...quiet, ...env });
  const address = () => /Application +(http\S+)/.exec(running.output())?.[1];
  const url = await eventually(address, `${file} being ready`, 60_000);
  return await stocked(url, env['DATA_DIR']!);
}

/** Takes whatever is sent, and keeps nothing. */
async function collector() {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url }, close };
}
