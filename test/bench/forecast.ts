import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceReading } from '../../src/dev/forecast/critical-path.js';
import { readTrace } from '../../src/dev/forecast/critical-path.js';
import { forecastOf } from '../../src/dev/forecast/forecast.js';
import type { SeamCost } from '../../src/dev/forecast/price.js';
import { eventually } from '../../src/platform/testing/index.js';
import { groupsOf, split } from '../../src/tools/rehearse/split.js';
import type { HostProcess } from '../support/host-process.js';
import { killAll, startHost } from '../support/host-process.js';
import { Visitor } from './forecast/visits.js';
import type { Bench, Row } from './harness.js';
import { median, quantile } from './harness.js';
import { Place, withServer } from './server.js';
import { measureSeamCost } from './topology/price.js';

const MODULES = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'];
const TARGETS = { median: 0.25, worst: 0.5 };
/** Of each route, in each topology. */
const VISITS = 60;
/**
 * And before they count: a process that has just begun takes twice as long, whatever its topology. Then PostgreSQL is told to
 * count the rows: without statistics a plan can differ from one database to the other.
 */
const WARM = 100;
/** So many of one topology, then so many of the other: what the machine does besides hits both alike. */
const BLOCK = 10;
const TRACED = 20;

let measuredWith = 'PostgreSQL';
export const versions = (): string[] => [measuredWith];

/** What recorded traces of one process and the price of a seam forecast, against what a split measures. */
export async function forecast(bench: Bench): Promise<Row[]> {
  return await withServer(async (version) => {
    measuredWith = `PostgreSQL ${version}`;
    const folder = await mkdtemp(join(tmpdir(), 'bench-forecast-'));
    const places: Place[] = [];
    const open = async (groups: readonly (readonly string[])[], env: Record<string, string>) => {
      const place = await Place.make();
      places.push(place);
      const dataDir = join(folder, String(places.length));
      const common = { DATABASE_URL: place.url, DATA_DIR: dataDir, RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...env };
      const parts = await split(groups);
      const hosts: HostProcess[] = [];
      for (const part of parts) hosts.push(await startHost({ ...common, ...part.env }));
      const end = async () => {
        for (const host of hosts) host.kill('SIGKILL');
        await Promise.all(hosts.map(({ stopped }) => stopped));
      };
      return { visitor: await Visitor.open(parts[0]!.url, dataDir), place, end };
    };
    try {
      const cost = await measureSeamCost(bench);
      const readings = await recorded(await open([MODULES], {}));
      const one = await open([MODULES], { OTEL_SDK_DISABLED: 'true' });
      const found: Compared[] = [];
      for (const module of [...MODULES, 'all'].filter(bench.wants)) {
        const groups = groupsOf(MODULES, module);
        const other = await open(groups, { OTEL_SDK_DISABLED: 'true' });
        const turns = bench.turns > 1 ? VISITS : BLOCK;
        const compared = await compare(one, other, turns, { groups, readings, cost });
        await other.end();
        found.push(...compared.map((each) => ({ module, ...each })));
        bench.say(`  ${module}: median error ${percent(median(compared.map(errorOf)))}`);
      }
      return [...found.map(rowOf), ...summary(found)];
    } finally {
      await killAll();
      for (const place of places) await place.drop();
      await rm(folder, { recursive: true });
    }
  });
}

interface Opened {
  visitor: Visitor;
  place: Place;
  end(): Promise<void>;
}

/** Traces of one process, as its development view keeps them. */
async function recorded({ visitor, end }: Opened): Promise<TraceReading[]> {
  const readings: TraceReading[] = [];
  for (const route of visitor.routes) {
    for (let n = 0; n < WARM; n++) await visitor.visit(route);
    const ids: string[] = [];
    for (let n = 0; n < TRACED; n++) ids.push((await visitor.visit(route)).traceId);
    // What an order leads to after its answer is in its trace as well.
    await eventually(async () => (await visitor.trace(ids.at(-1)!)).spans.length > 0, 'the last trace', 10_000);
    for (const id of ids) readings.push(readTrace(await visitor.trace(id)));
  }
  await end();
  return readings;
}

interface Compared {
  module: string;
  route: string;
  now: number;
  predicted: number;
  measured: number;
}

interface Basis {
  groups: readonly (readonly string[])[];
  readings: readonly TraceReading[];
  cost: SeamCost;
}

async function warm({ visitor, place }: Opened) {
  for (const route of visitor.routes) for (let n = 0; n < WARM; n++) await visitor.visit(route);
  await place.pool.query('ANALYZE');
}

async function compare(first: Opened, second: Opened, visits: number, { groups, readings, cost }: Basis) {
  const { journeys } = forecastOf(readings, groups, cost);
  for (const opened of [first, second]) await warm(opened);
  const [one, other] = [first.visitor, second.visitor];
  const compared: Omit<Compared, 'module'>[] = [];
  for (const route of one.routes) {
    const [together, apart]: [number[], number[]] = [[], []];
    for (let n = 0; n < visits; n += BLOCK) {
      for (let each = 0; each < BLOCK; each++) together.push((await one.visit(route)).ms);
      for (let each = 0; each < BLOCK; each++) apart.push((await other.visit(route)).ms);
    }
    const journey = journeys.find(({ kind, name }) => kind === 'route' && name === route);
    if (!journey) throw new Error(`No trace of ${route} was recorded.`);
    const now = quantile(together, 0.5);
    compared.push({ route, now, predicted: now + journey.added.p50, measured: quantile(apart, 0.5) });
  }
  return compared;
}

const errorOf = ({ predicted, measured }: Pick<Compared, 'predicted' | 'measured'>) =>
  Math.abs(predicted - measured) / measured;
const percent = (share: number) => `${Math.round(100 * share)} %`;
const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

function rowOf(compared: Compared): Row {
  const { module, route, now, predicted, measured } = compared;
  const what = module === 'all' ? 'five processes' : `${module} outside`;
  const error = errorOf(compared);
  return {
    benchmark: `Forecast, ${what}: ${route}, p50`,
    target: `≤ ${percent(TARGETS.worst)} off`,
    measured: `${ms(now)} in one process; predicted ${ms(predicted)}, measured ${ms(measured)}: ${percent(error)} off`,
    reached: error <= TARGETS.worst,
  };
}

function summary(found: readonly Compared[]): Row[] {
  const errors = found.map(errorOf);
  const [middle, worst] = [median(errors), Math.max(...errors)];
  return [
    {
      benchmark: `Forecast: all ${errors.length} of them`,
      target: `median ≤ ${percent(TARGETS.median)}, none above ${percent(TARGETS.worst)}`,
      measured: `median ${percent(middle)}, the worst ${percent(worst)}`,
      reached: middle <= TARGETS.median && worst <= TARGETS.worst,
    },
  ];
}
