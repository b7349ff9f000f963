import type { Journey, TraceReading } from './critical-path.js';
import type { SeamCost } from './price.js';
import type { SeamUse } from './trace-tree.js';

/** Which modules share a process; the first group has the front door. */
export type Groups = readonly (readonly string[])[];

/** What a split would do to a route or a saga. Milliseconds. */
export interface JourneyForecast {
  kind: Journey['kind'];
  name: string;
  module: string;
  /** How many traces tell of it. */
  traces: number;
  now: { p50: number; p95: number };
  added: { p50: number; p95: number };
}

export interface Forecast {
  journeys: readonly JourneyForecast[];
  /** Messages between processes for each request of a client, and what they carry. */
  perRequest: { messages: number; bytes: number };
}

/** The modules of an application, some of which are alone in a process of their own. */
export function outside(modules: readonly string[], alone: readonly string[]): string[][] {
  const rest = modules.filter((module) => !alone.includes(module));
  return [...(rest.length > 0 ? [rest] : []), ...alone.map((module) => [module])];
}

/**
 * What it would cost that groups of modules run in processes of their own: what recorded traces of one process say was
 * waited for, times the measured price of a seam. It knows nothing of the load on the machines.
 */
export function forecastOf(readings: readonly TraceReading[], groups: Groups, cost: SeamCost): Forecast {
  const crosses = crossingOf(groups);
  const byName = new Map<string, Journey[]>();
  for (const journey of readings.flatMap(({ journeys }) => journeys))
    byName.set(`${journey.kind} ${journey.name}`, [...(byName.get(`${journey.kind} ${journey.name}`) ?? []), journey]);
  const journeys = [...byName.values()].map((own) => journeyForecast(own, crosses, cost));
  const used = readings.flatMap(({ uses }) => uses).filter(crosses);
  const requests = readings.flatMap((reading) => reading.journeys.filter(({ kind }) => kind === 'route'));
  const forwarded = requests.filter(({ module }) => isForwarded(module, groups)).length;
  const carried = used.reduce((sum, { kind }) => sum + cost[kind].bytes, forwarded * cost.forward.bytes);
  const each = Math.max(1, requests.length);
  return {
    journeys: journeys.toSorted((a, b) => b.added.p50 - a.added.p50 || b.now.p50 - a.now.p50),
    perRequest: { messages: (used.length + forwarded) / each, bytes: carried / each },
  };

  function journeyForecast(own: readonly Journey[], crossing: (use: SeamUse) => boolean, price: SeamCost) {
    const { kind, name, module } = own[0]!;
    const entry = kind === 'route' && isForwarded(module, groups);
    const added = (quantile: 'p50' | 'p95') =>
      own.map(({ seams }) =>
        seams
          .filter(crossing)
          .reduce((sum, use) => sum + price[use.kind][quantile], entry ? price.forward[quantile] : 0),
      );
    const took = own.map(({ ms }) => ms);
    return {
      kind,
      name,
      module,
      traces: own.length,
      now: { p50: quantileOf(took, 0.5), p95: quantileOf(took, 0.95) },
      added: { p50: quantileOf(added('p50'), 0.5), p95: quantileOf(added('p95'), 0.95) },
    };
  }
}

/** Whether the front door has to hand on a request for a module. */
const isForwarded = (module: string, groups: Groups) => groups.findIndex((group) => group.includes(module)) > 0;

/** Whether a message goes from one process to another. */
export function crossingOf(groups: Groups): (use: Pick<SeamUse, 'from' | 'to'>) => boolean {
  const group = (module: string) => groups.findIndex((each) => each.includes(module));
  return ({ from, to }) => group(from) !== group(to);
}

/** The value below which this share of all values lies; 0 of none. */
function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
