import type { TraceReading } from './critical-path.js';
import { crossingOf } from './forecast.js';
import type { SeamCost } from './price.js';

/** What a grouping has to be like. */
interface Constraint {
  /** Each of them is the only module of its process. */
  alone: readonly string[];
  /** How many processes there are to be. */
  processes: number;
}

interface Grouping {
  groups: readonly (readonly string[])[];
  /** Milliseconds that all journeys of the traces together would wait longer. */
  addedMs: number;
  /** Whether every grouping was tried; with more modules the cheapest pairs were put together one after the other. */
  exact: boolean;
}

/** More modules than these can be grouped in too many ways to try them all. */
const MAX_TRIED = 9;

/**
 * The grouping under a constraint that adds the least waiting to the journeys of recorded traces.
 *
 * @throws RangeError when there are not enough modules for so many processes, or too few processes for those alone
 */
export function cheapestGrouping(
  modules: readonly string[],
  readings: readonly TraceReading[],
  cost: SeamCost,
  { alone, processes }: Constraint,
): Grouping {
  const free = modules.filter((module) => !alone.includes(module));
  const left = processes - alone.length;
  if (left < Math.min(1, free.length) || left > free.length)
    throw new RangeError(
      `${modules.length} modules, ${alone.length} of them alone, cannot share ${processes} processes: expected ${alone.length + Math.min(1, free.length)} to ${modules.length}.`,
    );
  const seams = readings.flatMap(({ journeys }) => journeys.flatMap((journey) => journey.seams));
  const fixed = alone.map((module) => [module]);
  const price = (groups: readonly (readonly string[])[]) => {
    const crosses = crossingOf([...groups, ...fixed]);
    return seams.filter(crosses).reduce((sum, { kind }) => sum + cost[kind].p50, 0);
  };
  const exact = free.length <= MAX_TRIED;
  const groups = exact ? cheapest([...partitions(free, left)], price) : merged(free, left, price);
  return { groups: [...groups, ...fixed], addedMs: price(groups), exact };
}

type Groups = readonly (readonly string[])[];

function cheapest(all: readonly Groups[], price: (groups: Groups) => number): Groups {
  return all.reduce((best, each) => (price(each) < price(best) ? each : best));
}

/** Every way to put modules into so many groups, none of them empty. */
function* partitions(modules: readonly string[], count: number): Generator<string[][]> {
  const [first, ...rest] = modules;
  if (first === undefined) {
    if (count === 0) yield [];
    return;
  }
  if (count > modules.length || count < 1) return;
  for (const groups of partitions(rest, count - 1)) yield [[first], ...groups];
  for (const groups of partitions(rest, count))
    for (const at of groups.keys()) yield groups.map((group, index) => (index === at ? [first, ...group] : group));
}

function merged(modules: readonly string[], count: number, price: (groups: Groups) => number): Groups {
  let groups: Groups = modules.map((module) => [module]);
  while (groups.length > count) {
    const joins = groups.flatMap((one, a) =>
      groups
        .slice(a + 1)
        .map((other) => [...groups.filter((each) => each !== one && each !== other), [...one, ...other]]),
    );
    groups = cheapest(joins, price);
  }
  return groups;
}
