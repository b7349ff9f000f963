import type { Attributes, Span, SpanContext, SpanKind, Tracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { describeError } from '../messaging/describe-error.js';
import type { MessageContext } from '../messaging/context/context.js';
import { RetryLater } from '../messaging/errors.js';
import { isSampled, traceIds } from '../messaging/context/trace-context.js';

/** What a span is about. Asked for only when it is recorded. */
export interface SpanSpec {
  /** Of few different values: a route, a message, a statement; never an id. */
  name: string;
  kind: SpanKind;
  attributes: Attributes;
  /** Traceparents of what else it belongs to, as in a batch. */
  links?: readonly string[];
}

export interface Begun {
  /** Of the new span, or of its parent when nothing is recorded. */
  traceparent: string;
  /** Absent when nothing is recorded. */
  span?: Span;
}

let tracer: Tracer | undefined;

/** Records spans from now on; `undefined`: none, at the cost of a comparison. */
export function traceWith(next: Tracer | undefined): void {
  tracer = next;
}

/** Whether any span may be recorded in this process. */
export const isTracing = () => tracer !== undefined;

/** Begins a span below `parent`; whoever asked has to end it. */
export function beginSpan(parent: string, spec: () => SpanSpec): Begun {
  if (!tracer || !isSampled(parent)) return { traceparent: parent };
  return begin(spec(), parent);
}

/** Begins a span below `parent`, or a new trace when there is none. @returns `undefined` when tracing is off */
export function beginTrace(parent: string | undefined, spec: () => SpanSpec): Begun | undefined {
  return tracer && begin(spec(), parent);
}

function begin({ name, kind, attributes, links = [] }: SpanSpec, parent: string | undefined): Begun {
  const within = parent ? trace.setSpanContext(ROOT_CONTEXT, spanContext(parent)) : ROOT_CONTEXT;
  const linked = links.map((link) => ({ context: spanContext(link) }));
  const span = tracer!.startSpan(name, { kind, attributes, links: linked }, within);
  const { traceId, spanId, traceFlags } = span.spanContext();
  const traceparent = `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
  return span.isRecording() ? { traceparent, span } : { traceparent };
}

/** Does `work` in a span below `parent`. A failure is the span's as well. */
export function inSpan<T>(parent: string, spec: () => SpanSpec, work: (traceparent: string) => Promise<T>): Promise<T> {
  const { traceparent, span } = beginSpan(parent, spec);
  return span ? recorded(traceparent, span, work) : work(traceparent);
}

async function recorded<T>(traceparent: string, span: Span, work: (traceparent: string) => Promise<T>): Promise<T> {
  running.set(traceparent, span);
  try {
    return await work(traceparent);
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    endRunning(traceparent, span);
  }
}

/** The recorded spans in which something runs at present. */
const running = new Map<string, Span>();

export function noteRunning({ traceparent, span }: Begun): void {
  if (span) running.set(traceparent, span);
}

export function endRunning(traceparent: string, span: Span): void {
  running.delete(traceparent);
  span.end();
}

/** Does `work` in a span of its own, below the one of the context. */
export function inOwnSpan<T>(
  context: MessageContext,
  spec: () => SpanSpec,
  work: (own: MessageContext) => Promise<T>,
): Promise<T> {
  return inSpan(context.traceparent, spec, (traceparent) =>
    work(traceparent === context.traceparent ? context : { ...context, traceparent }),
  );
}

/** The span in which a message is handled, while it is recorded. */
export const spanOf = (context: MessageContext | undefined) => context && running.get(context.traceparent);

/** Marks a span as failed, unless it was only put off. */
export function failed(span: Span, error: unknown): void {
  if (error instanceof RetryLater) return void span.setAttribute('liftout.outcome', 'later');
  const { code, name } = error as { code?: unknown; name?: string };
  span.setAttribute('error.type', typeof code === 'string' ? code : (name ?? 'error'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error) });
}

export function spanContext(traceparent: string): SpanContext {
  const traceFlags = isSampled(traceparent) ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { ...traceIds(traceparent), traceFlags, isRemote: true };
}
