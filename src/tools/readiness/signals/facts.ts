import type { KeptTrace } from '../../../dev/pages/trace-store.js';
import type { Fact } from '../fact.js';
import { percent, plural } from '../figures.js';
import type { ModuleCode } from '../project.js';
import { done, note, todo, unknown } from '../ready/say.js';
import type { ModuleLoad } from './load.js';
import { loadsOf } from './load.js';
import type { Measured, Sample } from './metrics.js';
import { routeOf } from './metrics.js';

const FAILED = new Set(['fault', 'down', 'timeout']);

/** What recorded traces tell of the modules. */
export function traceFacts(traces: readonly KeptTrace[] | undefined, source = ''): (code: ModuleCode) => Fact[] {
  if (!traces)
    return () => [
      unknown(
        'traces',
        'No traces were looked at.',
        'Add --traces FILE or URL: OTLP in lines, or the address of Jaeger.',
      ),
      unknown('load', 'Without traces nobody knows whose time is spent.', 'Add --traces.', 'justified'),
    ];
  const loads = loadsOf(traces);
  const evidence = `${plural(traces.length, 'trace')} of ${source}`;
  return ({ module }) => {
    const load = loads.get(module);
    if (!load)
      return [
        todo('traces', 'No span of it was recorded.', evidence, 'Set OTEL_EXPORTER_OTLP_ENDPOINT, and send requests.'),
      ];
    return [whole(load, evidence), ...spent(load, loads, evidence)];
  };
}

function whole({ seams }: ModuleLoad, evidence: string): Fact {
  const text = `${seams.whole} of ${plural(seams.all, 'message')} that it handled lie in the trace of their sender.`;
  return seams.whole === seams.all
    ? done('traces', text, evidence)
    : todo('traces', text, evidence, 'Spans are lost or sampled apart: use a parentbased_ sampler, and one collector.');
}

function spent(own: ModuleLoad, all: ReadonlyMap<string, ModuleLoad>, evidence: string): Fact[] {
  const sum = (pick: (load: ModuleLoad) => number) => [...all.values()].reduce((total, each) => total + pick(each), 0);
  const busy = percent(
    own.busyMs,
    sum((load) => load.busyMs),
  );
  const database = percent(
    own.databaseMs,
    sum((load) => load.databaseMs),
  );
  return [
    figure(
      'load',
      `${busy} of processor time (an estimate from spans), ${database} of the time of statements.`,
      evidence,
    ),
    figure('errors', `${own.failed} of its spans failed.`, evidence),
  ];
}

/** What metrics tell of the modules. */
export function metricFacts(metrics: Measured | undefined): (code: ModuleCode) => Fact[] {
  if (!metrics)
    return () => [
      unknown(
        'load',
        'No metrics were looked at.',
        'Add --metrics URL or FILE: Prometheus, or one /metrics.',
        'justified',
      ),
    ];
  const all = total(metrics.requests);
  return ({ module, entries }) => {
    const routes = new Set(entries.flatMap(({ kind, name }) => (kind === 'route' ? [name] : [])));
    const isOwn = ({ labels }: Sample) => routes.has(routeOf(labels));
    const own = metrics.requests.filter(isOwn);
    const share = `${percent(total(own), all)} of all requests (${Math.round(total(own)).toLocaleString('en')}).`;
    return [figure('load', share + peak(metrics, isOwn), metrics.period), isolation(module, metrics)];
  };
}

function peak({ peaks }: Measured, isOwn: (sample: Sample) => boolean): string {
  if (!peaks) return ' Peaks are not in it: that takes the address of Prometheus.';
  const times = (some: NonNullable<Measured['peaks']>) =>
    total(some) /
    Math.max(
      1e-9,
      some.reduce((sum, { mean }) => sum + mean, 0),
    );
  const [own, rest] = [peaks.filter(isOwn), peaks.filter((each) => !isOwn(each))];
  if (own.length === 0) return '';
  return ` Its busiest five minutes have ${times(own).toFixed(1)} × its mean, those of the rest ${times(rest).toFixed(1)} ×.`;
}

function isolation(module: string, { seams, period }: Measured): Fact {
  const into = seams.filter(({ labels }) => labels['to'] === module && labels['from'] !== module);
  const failed = into.filter(({ labels }) => FAILED.has(labels['outcome'] ?? ''));
  const text = `${percent(total(failed), total(into))} of ${Math.round(total(into)).toLocaleString('en')} messages of others to it failed or had no answer.`;
  return figure('errors', text, period);
}

const total = (samples: readonly Sample[]) => samples.reduce((sum, { value }) => sum + value, 0);
const figure = (topic: Fact['topic'], text: string, evidence: string): Fact => ({
  ...note(topic, text, evidence),
  question: 'justified',
});
