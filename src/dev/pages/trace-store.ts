import { SpanStatusCode } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Line } from '../../platform/observability/logging.js';
import { withoutSecrets } from '../../platform/observability/logging.js';
import { MODULE } from '../../platform/observability/seam-spans.js';

const MAX_TRACES = 500;
const MAX_SPANS = 2000;
const MAX_LINES = 500;

export interface KeptSpan {
  spanId: string;
  /** Absent for the first of a trace. */
  parentId: string | undefined;
  name: string;
  kind: number;
  module: string;
  /** Milliseconds since the epoch. */
  start: number;
  ms: number;
  failed: string | undefined;
  attributes: Attributes;
  links: string[];
}

export interface KeptTrace {
  traceId: string;
  spans: KeptSpan[];
  lines: Line[];
}

/** The latest traces of this process, and what was logged in each. For development: nothing leaves the process. */
export class TraceStore implements SpanProcessor {
  readonly #traces = new Map<string, KeptTrace>();

  /** The latest first. */
  list(): KeptTrace[] {
    return [...this.#traces.values()].filter(({ spans }) => spans.length > 0).reverse();
  }

  get(traceId: string): KeptTrace | undefined {
    return this.#traces.get(traceId);
  }

  line(line: Line): void {
    const trace = this.#traces.get(line.traceId) ?? this.#begin(line.traceId);
    if (trace.lines.length < MAX_LINES) trace.lines.push({ ...line, fields: shown(line.fields) });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { traceId } = span.spanContext();
    const trace = this.#traces.get(traceId) ?? this.#begin(traceId);
    if (trace.spans.length < MAX_SPANS) trace.spans.push(keptOf(span));
  }

  async forceFlush(): Promise<void> {}

  /** Forgets all traces: nobody can tell which of them speak of a person. */
  clear(): void {
    this.#traces.clear();
  }

  async shutdown(): Promise<void> {
    this.#traces.clear();
  }

  #begin(traceId: string): KeptTrace {
    const trace = { traceId, spans: [], lines: [] };
    this.#traces.set(traceId, trace);
    if (this.#traces.size > MAX_TRACES) this.#traces.delete(this.#traces.keys().next().value!);
    return trace;
  }
}

const millis = ([seconds, nanos]: [number, number]) => seconds * 1000 + nanos / 1e6;

function keptOf(span: ReadableSpan): KeptSpan {
  const { attributes, status } = span;
  const failed =
    status.code === SpanStatusCode.ERROR ? (status.message ?? String(attributes['error.type'])) : undefined;
  return {
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: span.kind,
    module: String(attributes[MODULE] ?? 'http'),
    start: millis(span.startTime),
    ms: millis(span.duration),
    failed,
    attributes,
    links: span.links.map(({ context }) => context.traceId),
  };
}

/** Plain data as the log shows it; errors are in the log itself. */
function shown(fields: object): object {
  const { err, ...rest } = fields as { err?: unknown };
  return { ...withoutSecrets(rest), ...(err instanceof Error && { err: `${err.name}: ${err.message}` }) };
}
