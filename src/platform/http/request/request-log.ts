import type { Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { runInScope } from '../../messaging/context/context.js';
import { traceIds } from '../../messaging/context/trace-context.js';
import type { Logger } from '../../observability/logging.js';
import { requested } from '../../observability/requests.js';
import { MODULE } from '../../observability/seam-spans.js';
import { endRunning } from '../../observability/spans.js';
import type { Closing } from '../closing.js';
import { noteAnswering } from './parser-errors.js';
import { stateOf } from './request-state.js';

/**
 * Follows a request to its end: it has one line in the log, one observation among the
 * numbers and the end of its span; whatever its URL, and also where the client has hung up before it had its answer.
 */
export function follow(request: FastifyRequest, reply: FastifyReply, closing: Closing, log: Logger): void {
  const state = stateOf(request);
  state.closing = closing;
  noteAnswering(reply);
  const { context } = state;
  reply.header('X-Correlation-Id', context.correlationId).header('X-Trace-Id', traceIds(context.traceparent).traceId);
  reply.raw.once('close', () => {
    ended(request, reply);
    logRequest(log, request, reply);
  });
}

function ended(request: FastifyRequest, reply: FastifyReply): void {
  const { span, operational } = stateOf(request);
  if (!operational) {
    const { method, routeOptions } = request;
    requested({ method, route: routeOptions.url ?? '(no route)', status: reply.statusCode, ms: reply.elapsedTime });
  }
  if (span) endSpan(span, request, reply);
}

function endSpan(span: Span, request: FastifyRequest, reply: FastifyReply): void {
  const { context, problem } = stateOf(request);
  const route = request.routeOptions.url;
  const status = reply.statusCode;
  span.updateName(route ? `${request.method} ${route}` : request.method);
  span.setAttributes({
    [MODULE]: context.module,
    'http.response.status_code': status,
    ...(route && { 'http.route': route }),
  });
  if (problem) span.setAttribute('liftout.outcome', problem);
  if (!reply.raw.writableFinished) span.setAttribute('error.type', 'client_closed_request');
  if (status >= 500) span.setAttribute('error.type', String(status)).setStatus({ code: SpanStatusCode.ERROR });
  endRunning(context.traceparent, span);
}

/** One line a request. The path itself is left out: the route says enough, and values can be personal. */
function logRequest(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const { context, problem, operational } = stateOf(request);
  const line = {
    method: request.method,
    route: request.routeOptions.url,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(problem && { problem }),
    ...(!reply.raw.writableFinished && { hungUp: true }),
  };
  runInScope(context, undefined, () => log[operational ? 'debug' : 'info'](line, 'request'));
}
