import type { Attributes } from '@opentelemetry/api';
import { SpanKind } from '@opentelemetry/api';
import { z } from 'zod';
import type { KeptSpan, KeptTrace } from '../../../dev/pages/trace-store.js';
import { fail } from '../../lib/cli.js';
import { isUrl, textAt, textOfFile } from './source.js';

const FLAG = '--traces';
/** Of each service that Jaeger knows. */
const MAX_TRACES = 1500;
const LOOKBACK_MS = 7 * 86_400_000;

/**
 * Reads recorded traces: OTLP as JSON, a line for each export, as a collector's file exporter writes them, or what the
 * query API of Jaeger has of the last seven days. Whether each module reports as a service of its own does not matter: spans
 * say whose they are.
 *
 * @throws UsageError when it is neither, or there is no span in it
 */
export async function readTraces(source: string): Promise<KeptTrace[]> {
  const spans = isUrl(source) ? await fromJaeger(source) : fromOtlp(await textOfFile(FLAG, source), source);
  if (spans.length === 0) fail(`${FLAG}: there is no span in ${source}.`);
  const traces = new Map<string, KeptTrace>();
  for (const { traceId, span } of spans) {
    const trace = traces.get(traceId) ?? { traceId, spans: [], lines: [] };
    trace.spans.push(span);
    traces.set(traceId, trace);
  }
  return [...traces.values()];
}

interface Read {
  traceId: string;
  span: KeptSpan;
}

const Value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.string(), z.number()]).optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
});
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number().default(1),
  startTimeUnixNano: z.union([z.string(), z.number()]),
  endTimeUnixNano: z.union([z.string(), z.number()]),
  attributes: z.array(z.object({ key: z.string(), value: Value })).default([]),
  status: z.object({ code: z.number().optional() }).optional(),
});
const Export = z.object({
  resourceSpans: z
    .array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(Span).default([]) })).default([]) }))
    .default([]),
});

function fromOtlp(text: string, source: string): Read[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    const parsed = Export.safeParse(jsonOf(line));
    if (!parsed.success)
      return fail(`${FLAG}: ${source}:${at + 1} is no export of OTLP: expected {"resourceSpans": […]} in each line.`);
    const scopes = parsed.data.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    return scopes.flatMap(({ spans }) => spans.map(otlpSpan));
  });
}

function otlpSpan(span: z.output<typeof Span>): Read {
  const { traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status } = span;
  const start = Number(startTimeUnixNano) / 1e6;
  const attributes = Object.fromEntries(span.attributes.map(({ key, value }) => [key, plain(value)]));
  const ms = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
  // OTLP counts kinds from 1 on.
  const times = { start, ms, kind: Math.max(0, kind - 1), failed: status?.code === 2 };
  return { traceId, span: kept(spanId, parentSpanId, name, attributes, times) };
}

function plain({ stringValue, intValue, doubleValue, boolValue }: z.output<typeof Value>) {
  return stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue));
}

const JaegerTraces = z.object({
  data: z.array(
    z.object({
      spans: z.array(
        z.object({
          traceID: z.string(),
          spanID: z.string(),
          operationName: z.string(),
          references: z.array(z.object({ refType: z.string(), spanID: z.string() })).default([]),
          /** Microseconds. */
          startTime: z.number(),
          duration: z.number(),
          tags: z
            .array(z.object({ key: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) }))
            .default([]),
        }),
      ),
    }),
  ),
});
const Services = z.object({ data: z.array(z.string()).nullable() });

async function fromJaeger(address: string): Promise<Read[]> {
  const base = address.replace(/\/$/, '');
  const { data } = expected(Services, await textAt(FLAG, `${base}/api/services`), base);
  // A trace of several services comes with each of them.
  const spans = new Map<string, Read>();
  for (const service of data ?? []) {
    const search = new URLSearchParams({
      service,
      limit: String(MAX_TRACES),
      start: micros(-LOOKBACK_MS),
      end: micros(0),
    });
    const found = expected(JaegerTraces, await textAt(FLAG, `${base}/api/traces?${search.toString()}`), base);
    for (const trace of found.data)
      for (const span of trace.spans) spans.set(`${span.traceID} ${span.spanID}`, jaegerSpan(span));
  }
  return [...spans.values()];
}

const micros = (fromNowMs: number) => String((Date.now() + fromNowMs) * 1000);

function jaegerSpan(span: z.output<typeof JaegerTraces>['data'][number]['spans'][number]): Read {
  const { traceID, spanID, operationName, references, startTime, duration, tags } = span;
  const attributes = Object.fromEntries(tags.map(({ key, value }) => [key, value]));
  const kind = SpanKind[String(attributes['span.kind'] ?? 'internal').toUpperCase() as keyof typeof SpanKind];
  const parent = references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
  const times = { start: startTime / 1000, ms: duration / 1000, kind, failed: attributes['error'] === true };
  return { traceId: traceID, span: kept(spanID, parent, operationName, attributes, times) };
}

function kept(
  spanId: string,
  parent: string | undefined,
  name: string,
  attributes: Attributes,
  { failed, ...times }: Pick<KeptSpan, 'start' | 'ms' | 'kind'> & { failed: boolean },
): KeptSpan {
  return {
    spanId,
    parentId: parent === '' ? undefined : parent,
    name,
    module: String(attributes['liftout.module'] ?? 'http'),
    failed: failed ? String(attributes['error.type'] ?? 'error') : undefined,
    attributes,
    links: [],
    ...times,
  };
}

function expected<T>(schema: z.ZodType<T>, text: string, address: string): T {
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  return fail(
    `${FLAG}: ${address} is not the query API of Jaeger. Expected an address such as http://localhost:16686.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
