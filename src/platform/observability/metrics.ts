import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { IMetricReader, MetricData } from '@opentelemetry/sdk-metrics';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { SeamCall } from './crossings.js';
import { onCrossing } from './crossings.js';
import type { Logger } from './logging.js';
import type { BusinessCounter } from './outcomes.js';
import { BoundedLabelValues, onPublished } from './outcomes.js';
import { onRequest } from './requests.js';
import type { TelemetrySettings } from './settings.js';
import { briefly, resource, tellProblems } from './telemetry.js';

/** Upper bounds of what takes time, in seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const AGES = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 3600];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** However modules go wrong, no instrument has more different sets of labels. */
const MAX_SERIES = 1000;

/**
 * The numbers of one process, by the API of OpenTelemetry: as Prometheus text when asked, and by OTLP where there is a
 * collector. Every label has few values: names of modules, messages, routes, consumers. Requests are named by the semantic
 * conventions of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/).
 */
export class Metrics {
  readonly meter: Meter;
  readonly #prometheus = new PrometheusExporter({ preventServerStart: true });
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  readonly #provider: MeterProvider;
  readonly #ends: (() => void)[] = [];

  private constructor(readers: readonly IMetricReader[]) {
    const views = [{ instrumentName: '*', aggregationCardinalityLimit: MAX_SERIES }];
    this.#provider = new MeterProvider({ resource: resource(), readers: [this.#prometheus, ...readers], views });
    this.meter = this.#provider.getMeter('liftout');
    const text = 'Requests by HTTP, until they were answered';
    const requests = this.#histogram('http.server.request.duration', text, DURATIONS);
    this.#ends.push(this.#countCrossings(), () => onRequest(undefined));
    onRequest(({ method, route, status, ms }) => {
      requests.record(ms / 1000, {
        'http.request.method': METHODS.has(method) ? method : '_OTHER',
        'http.route': route,
        'http.response.status_code': status,
      });
    });
  }

  /** Begins to count. @returns `undefined` with `OTEL_SDK_DISABLED` */
  static async start(settings: TelemetrySettings, outcomes: readonly BusinessCounter[], log: Logger) {
    if (settings.disabled) return undefined;
    const started = new Metrics(settings.export.metrics ? [await exporting(settings.metricsEveryMs, log)] : []);
    started.#countOutcomes(outcomes);
    metrics.setGlobalMeterProvider(started.#provider);
    return started;
  }

  /** Prometheus text exposition format. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.#prometheus.collect();
    const scopeMetrics = resourceMetrics.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map(withUnit),
    }));
    return this.#serializer.serialize({ ...resourceMetrics, scopeMetrics });
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    metrics.disable();
    await briefly(this.#provider.shutdown());
  }

  #countCrossings(): () => void {
    const text = 'Messages over a seam: until they were answered or handled';
    const duration = this.#histogram('liftout_seam_duration_seconds', text, DURATIONS);
    const age = this.#histogram('liftout_message_age_seconds', 'Time from publishing a message to processing it', AGES);
    return onCrossing(({ from, to, message, kind, ending, ms, ageMs }: SeamCall) => {
      duration.record(ms / 1000, { from, to, message, kind, outcome: ending });
      if (ageMs !== undefined) age.record(Math.max(0, ageMs) / 1000, { from, to, message });
    });
  }

  #countOutcomes(outcomes: readonly BusinessCounter[]): void {
    const byType = new Map<string, ((payload: Record<string, unknown>) => void)[]>();
    for (const outcome of outcomes) {
      const { name } = outcome.event.definition;
      const counter = this.meter.createCounter(`liftout_business_${outcome.name}`, { description: describe(outcome) });
      byType.set(name, [...(byType.get(name) ?? []), counting(outcome, counter)]);
    }
    onPublished((type, payload) => {
      for (const count of byType.get(type) ?? []) count(payload as Record<string, unknown>);
    });
    this.#ends.push(() => onPublished(undefined));
  }

  #histogram(name: string, description: string, explicitBucketBoundaries: number[]): Histogram {
    return this.meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
  }
}

/** In Prometheus a name ends in its unit; OpenTelemetry keeps the two apart. */
function withUnit(metric: MetricData): MetricData {
  const { descriptor } = metric;
  if (descriptor.unit !== 's' || descriptor.name.endsWith('_seconds')) return metric;
  return { ...metric, descriptor: { ...descriptor, name: `${descriptor.name}_seconds` } };
}

async function exporting(exportIntervalMillis: number, log: Logger): Promise<IMetricReader> {
  tellProblems(log);
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const exportTimeoutMillis = Math.min(30_000, exportIntervalMillis);
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis,
    exportTimeoutMillis,
  });
}

function counting({ by, sum }: BusinessCounter, counter: Counter): (payload: Record<string, unknown>) => void {
  const values = new BoundedLabelValues();
  // There from the start: an alarm on what never happens needs the zero.
  if (by === undefined) counter.add(0);
  return (payload) => counter.add(sum ? Number(payload[sum]) : 1, by ? { [by]: values.of(payload[by]) } : {});
}

const describe = ({ event, sum }: BusinessCounter) =>
  `${sum ? `Sum of ${sum} of` : 'Number of'} ${event.definition.name}`;
