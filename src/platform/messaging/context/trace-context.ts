import { randomBytes } from 'node:crypto';

/**
 * W3C trace context, level 1: `00-<trace id>-<span id>-<flags>`. Higher versions are read as far as they are known.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x20-\x7e]*)?$/;

let sampleRoot: (traceId: string) => boolean = () => false;

/** Says which traces that begin here are recorded; none by default. */
export function sampleRootsBy(decide: (traceId: string) => boolean): void {
  sampleRoot = decide;
}

/** A traceparent as we write it; `undefined` when it is malformed or absent, or one of its ids is zero. */
export function parseTraceparent(given: string | undefined): string | undefined {
  const match = given ? TRACEPARENT.exec(given) : null;
  if (!match || (match[1] === '00' && given!.length !== 55)) return undefined;
  return `00-${match[2]}-${match[3]}-${Number.parseInt(match[4]!, 16) & 1 ? '01' : '00'}`;
}

/** A new span in the trace of `parent`, sampled or not as that is; without a good parent a new trace. */
export function childTrace(parent: string | undefined): string {
  const known = parseTraceparent(parent);
  if (known) return `${known.slice(0, 36)}${newSpanId()}${known.slice(52)}`;
  const traceId = randomBytes(16).toString('hex');
  return `00-${traceId}-${newSpanId()}-${sampleRoot(traceId) ? '01' : '00'}`;
}

/** As {@link childTrace}, but nothing in it is recorded. */
export const unsampled = (parent: string | undefined) => `${childTrace(parent).slice(0, 53)}00`;

/** The trace and span id in a traceparent. */
export function traceIds(traceparent: string): { traceId: string; spanId: string } {
  return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
}

/** Whether what happens in this span is recorded. */
export const isSampled = (traceparent: string) => traceparent.charCodeAt(54) === 49;

const newSpanId = () => randomBytes(8).toString('hex');
