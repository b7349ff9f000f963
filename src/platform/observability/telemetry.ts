import { context, diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';
import { BatchSpanProcessor, SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sampleRootsBy } from '../messaging/context/trace-context.js';
import { ActiveContext } from './active-context.js';
import type { Logger } from './logging.js';
import { ModuleTracers } from './module-tracers.js';
import type { TelemetrySettings } from './settings.js';
import { samplerOf } from './settings.js';
import { traceWith } from './spans.js';

interface TelemetryOptions extends TelemetrySettings {
  /** The modules of the application: each is a service of its own, unless `oneService` says otherwise. */
  modules: readonly string[];
  /** What else sees every span, such as the store behind the development page. */
  also?: readonly SpanProcessor[];
}

const SCOPE = 'liftout';
const INSTANCE_ID = randomUUID();
/** How long the end of the process waits for a collector: milliseconds. */
const LAST_MS = 2000;
/** Spans that wait to be handed on; what comes on top of them is dropped. */
const MAX_QUEUE_SIZE = 16_384;

/**
 * Starts to record traces, before anything else of the process does: with OTLP to a collector where the standard
 * variables name one. Where nobody would see a span none is made.
 *
 * A collector that does not answer is told of on level debug only, and costs nothing but the spans.
 *
 * @returns a function that hands on what is left, and ends it
 */
export async function startTracing(options: TelemetryOptions, log: Logger): Promise<() => Promise<void>> {
  const processors = [...(options.also ?? [])];
  if (options.disabled) return async () => undefined;
  if (options.export.traces) processors.push(await exporting(options.spansEveryMs));
  if (processors.length === 0) return async () => undefined;
  tellProblems(log);
  const sampler = samplerOf(options);
  const resourceOf = options.oneService ? resource : moduleResources();
  const providerOf = (module?: string) =>
    new TracerProvider({ resource: resourceOf(module), sampler, spanProcessors: processors });
  const tracers = new ModuleTracers(options.oneService ? [] : options.modules, providerOf);
  traceWith(tracers.getTracer(SCOPE));
  sampleRootsBy((traceId) => samples(sampler, traceId));
  trace.setGlobalTracerProvider(tracers);
  context.setGlobalContextManager(new ActiveContext());
  return async () => {
    traceWith(undefined);
    sampleRootsBy(() => false);
    trace.disable();
    context.disable();
    await briefly(Promise.all(processors.map((processor) => processor.shutdown())));
  };
}

async function exporting(scheduledDelayMillis: number): Promise<SpanProcessor> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(),
    scheduledDelayMillis,
    maxQueueSize: MAX_QUEUE_SIZE,
  });
}

/** Waits for what is handed on last, but not for a collector that does not answer. */
export async function briefly(shutdown: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const late = delay(LAST_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([shutdown.catch(() => undefined), late]);
  patience.abort();
}

/** Who reports: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, and an id of this process. */
export function resource(): Resource {
  const own = resourceFromAttributes({ 'service.name': SCOPE, 'service.instance.id': INSTANCE_ID });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

/** Who reports, by module: a service in the namespace of the process, as is the process for what belongs to no module. */
function moduleResources(): (module?: string) => Resource {
  const own = resource();
  const { 'service.name': name, 'service.namespace': namespace = name } = own.attributes;
  return (module) =>
    own.merge(resourceFromAttributes({ 'service.namespace': namespace, 'service.name': module ?? name }));
}

/** Problems of the exporters themselves. */
export function tellProblems(log: Logger): void {
  const tell = (message: string) => log.debug({ from: 'opentelemetry' }, message.slice(0, 500));
  const quiet = () => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

function samples(sampler: Sampler, traceId: string): boolean {
  const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, 'root', SpanKind.INTERNAL, {}, []);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}
