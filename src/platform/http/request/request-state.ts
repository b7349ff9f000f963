import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Actor, MessageContext } from '../../messaging/context/context.js';
import type { Span } from '@opentelemetry/api';
import { childTrace, parseTraceparent, unsampled } from '../../messaging/context/trace-context.js';
import { newId } from '../../new-id.js';
import { serving } from '../../observability/seam-spans.js';
import type { Begun } from '../../observability/spans.js';
import { beginTrace, noteRunning } from '../../observability/spans.js';
import type { Closing } from '../closing.js';
import { preferredWaitMs } from './prefer.js';

/** How long a client waits at most, beside what it asks for with `Prefer: wait`. */
const DEADLINE_TIMEOUT_MS = 10_000;

const ANONYMOUS: Actor = Object.freeze({ sub: 'anonymous', role: 'anonymous' });

/** The module of what the platform answers itself. */
const PLATFORM = 'http';

/** What is known of a request while it is answered. */
interface RequestState {
  context: MessageContext;
  /** Code of the problem it was answered with. */
  problem?: string;
  /** It is asked all the time, by machines: health, metrics. */
  operational?: boolean;
  /** Of the process that answers it. */
  closing?: Closing;
  /** Absent when the request is not recorded. */
  span?: Span;
}

const states = new WeakMap<IncomingMessage, RequestState>();

/** What is known of a request; begun when it is asked for the first time. */
export function stateOf(request: FastifyRequest | IncomingMessage): RequestState {
  const raw = 'raw' in request ? request.raw : request;
  let state = states.get(raw);
  if (!state) states.set(raw, (state = begin(raw, 'raw' in request ? request.routeOptions?.url : undefined)));
  return state;
}

const CORRELATION = /^[A-Za-z0-9._-]{1,128}$/;

/** Asked for all the time, by machines, or about traces: not traced itself. */
const UNTRACED = /^\/(health|metrics|_dev)(\/|$)/;

function begin(raw: IncomingMessage, route: string | undefined): RequestState {
  const parent = parseTraceparent(text(raw.headers.traceparent));
  const untraced = UNTRACED.test(route ?? '');
  const begun = untraced ? undefined : beginTrace(parent, () => serving(raw.method ?? 'GET'));
  const context = firstContext(raw, route, begun ?? { traceparent: untraced ? unsampled(parent) : childTrace(parent) });
  if (!begun?.span) return { context, operational: untraced };
  noteRunning(begun);
  return { context, span: begun.span };
}

function firstContext(
  { method, headers }: IncomingMessage,
  route: string | undefined,
  { traceparent }: Begun,
): MessageContext {
  const id = newId();
  const given = text(headers['x-correlation-id']);
  return {
    id,
    type: `${method} ${route ?? '(no route)'}`,
    module: PLATFORM,
    correlationId: given && CORRELATION.test(given) ? given : id,
    traceparent,
    actor: ANONYMOUS,
    deadline: Date.now() + DEADLINE_TIMEOUT_MS + preferredWaitMs(text(headers.prefer)),
  };
}

/** A header's text; Node gives a list only for headers that nobody sends twice. */
export function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
