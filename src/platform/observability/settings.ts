import type { Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { z } from 'zod';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL, such as http://localhost:4318' });
const exporter = z.enum(['otlp', 'none'], { error: 'expected otlp or none' }).default('otlp');
const protocol = z
  .literal('http/protobuf', { error: 'expected http/protobuf: no other protocol is built in' })
  .optional();
const RATIO = 'expected a share of all traces, from 0 to 1';

/**
 * The standard variables of OpenTelemetry that are looked at here, and `OTEL_TRACES_ONE_SERVICE`, which is ours; the exporters
 * read further ones themselves, such as headers and timeouts.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const TelemetryVariables = z.object({
  OTEL_SDK_DISABLED: z
    .enum(['true', 'false'], { error: 'expected true or false' })
    .default('false')
    .transform((text) => text === 'true'),
  OTEL_TRACES_EXPORTER: exporter,
  OTEL_METRICS_EXPORTER: exporter,
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol,
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, { error: `expected one of ${SAMPLERS.join(', ')}` })
    .default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number({ error: RATIO }).min(0, RATIO).max(1, RATIO).default(1),
  OTEL_TRACES_ONE_SERVICE: z
    .enum(['0', '1'], { error: 'expected 1 or 0' })
    .default('0')
    .transform((text) => text === '1'),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce
    .number({ error: 'expected a number of milliseconds from 1 on' })
    .int()
    .min(1)
    .default(5000),
  OTEL_METRIC_EXPORT_INTERVAL: z.coerce
    .number({ error: 'expected a number of milliseconds from 1000 on' })
    .int()
    .min(1000)
    .default(60_000),
});

/** What is recorded, and where it goes. */
export interface TelemetrySettings {
  readonly disabled: boolean;
  /** Whether there is a collector for each. */
  readonly export: { traces: boolean; metrics: boolean };
  readonly sampler: (typeof SAMPLERS)[number];
  /** For samplers by ratio. */
  readonly ratio: number;
  /** Whether all spans of the process are of one service, rather than of one for each module. */
  readonly oneService: boolean;
  /** Milliseconds between two exports of spans, and of metrics. */
  readonly spansEveryMs: number;
  readonly metricsEveryMs: number;
}

export function telemetrySettings(values: z.output<typeof TelemetryVariables>): TelemetrySettings {
  const collector = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const traces = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? collector;
  const metrics = values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? collector;
  return {
    disabled: values.OTEL_SDK_DISABLED,
    export: {
      traces: values.OTEL_TRACES_EXPORTER === 'otlp' && traces !== undefined,
      metrics: values.OTEL_METRICS_EXPORTER === 'otlp' && metrics !== undefined,
    },
    sampler: values.OTEL_TRACES_SAMPLER,
    ratio: values.OTEL_TRACES_SAMPLER_ARG,
    oneService: values.OTEL_TRACES_ONE_SERVICE,
    spansEveryMs: values.OTEL_BSP_SCHEDULE_DELAY,
    metricsEveryMs: values.OTEL_METRIC_EXPORT_INTERVAL,
  };
}

/** What decides on the traces that begin here; `parentbased_` ones follow whoever began a trace elsewhere. */
export function samplerOf({ sampler, ratio }: Pick<TelemetrySettings, 'sampler' | 'ratio'>): Sampler {
  const root = rootSampler(sampler.replace('parentbased_', ''), ratio);
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === 'always_off') return new AlwaysOffSampler();
  return name === 'traceidratio' ? new TraceIdRatioBasedSampler(ratio) : new AlwaysOnSampler();
}
