import type { TraceReading } from '../../dev/forecast/critical-path.js';
import type { Forecast, Groups, JourneyForecast } from '../../dev/forecast/forecast.js';
import { forecastOf, outside } from '../../dev/forecast/forecast.js';
import type { SeamCost } from '../../dev/forecast/price.js';
import { SEAM_COST } from '../../dev/forecast/price.js';
import { table } from '../lib/table.js';
import type { Fact } from './fact.js';
import { bytes, millis, plural } from './figures.js';
import { unknown } from './ready/say.js';

/** Journeys that wait less are not told one by one. */
const LEAST_MS = 0.01;

interface CostInputs {
  modules: readonly string[];
  /** Of recorded traces of one process. */
  readings: readonly TraceReading[] | undefined;
  cost: SeamCost | undefined;
}

/** What it would cost that a module alone ran in a process of its own. */
export function costFacts(module: string, { modules, readings, cost }: CostInputs): Fact[] {
  if (!cost)
    return [
      unknown(
        'latency',
        'Nobody has measured what a seam costs here.',
        `Run npm run bench -- topology: it writes ${SEAM_COST}.`,
        'cost',
      ),
    ];
  const machine = `${SEAM_COST}: ${cost.machine}, ${cost.at.slice(0, 10)}`;
  const processes = figure(
    'processes',
    `One process more for each replica, with ${cost.processMb} MB at least, and its connections to the database.`,
    machine,
  );
  if (!readings)
    return [
      unknown('latency', 'Without traces nobody knows how often its seams are crossed.', 'Add --traces.', 'cost'),
      processes,
    ];
  const forecast = forecastOf(readings, outside(modules, [module]), cost);
  const evidence = `${plural(readings.length, 'trace')}; ${machine}`;
  return [...latencies(forecast, evidence), traffic(forecast, evidence), processes];
}

function latencies({ journeys }: Forecast, evidence: string): Fact[] {
  const slower = journeys.filter(({ added }) => added.p95 > LEAST_MS);
  const same = journeys.length - slower.length;
  const rest =
    same > 0
      ? ` ${plural(same, 'other route and saga', 'other routes and sagas')} in the traces would not change.`
      : '';
  if (slower.length === 0) return [figure('latency', `No route and no saga would wait longer.${rest}`, evidence)];
  const facts = slower.map((journey) => figure('latency', latency(journey), `${plural(journey.traces, 'trace')}`));
  return [...facts, figure('latency', `The forecast knows nothing of the load.${rest}`, evidence)];
}

const latency = ({ name, now, added }: JourneyForecast) =>
  `${name}: p50 ${millis(now.p50)} + ${millis(added.p50)}, p95 ${millis(now.p95)} + ${millis(added.p95)}.`;

function traffic({ perRequest }: Forecast, evidence: string): Fact {
  const text = `${perRequest.messages.toFixed(1)} messages and ${bytes(perRequest.bytes)} more between processes for each request of a client.`;
  return figure('traffic', text, evidence);
}

/** What a grouping would do to every route and saga: `npm run readiness -- --outside A,B`. */
export function whatIf(groups: Groups, readings: readonly TraceReading[], cost: SeamCost): string {
  const { journeys, perRequest } = forecastOf(readings, groups, cost);
  const rows = journeys.map(({ name, traces, now, added }) => [
    name,
    String(traces),
    millis(now.p50),
    `+ ${millis(added.p50)}`,
    millis(now.p95),
    `+ ${millis(added.p95)}`,
  ]);
  const processes = groups.map((group) => group.join(' + ')).join('  |  ');
  return (
    `Processes: ${processes}\n\n${table(['route or saga', 'traces', 'p50', 'more', 'p95', 'more'], rows)}\n` +
    `${perRequest.messages.toFixed(1)} messages and ${bytes(perRequest.bytes)} between processes for each request of a client; ` +
    `${plural(groups.length - 1, 'process', 'processes')} more, with ${cost.processMb} MB each at least.\n`
  );
}

const figure = (topic: Fact['topic'], text: string, evidence: string): Fact => ({
  question: 'cost',
  topic,
  state: 'figure',
  text,
  evidence,
});
