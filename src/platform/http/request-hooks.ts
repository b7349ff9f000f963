import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { runInScope } from '../messaging/context.js';
import { traceIds } from '../messaging/trace-context.js';
import type { Logger } from '../observability/logging.js';
import { unstorable } from './body-parsers.js';
import { Closing, shuttingDown } from './closing.js';
import { Connections } from './connections.js';
import { HttpOptions } from './http-options.js';
import { requested } from '../observability/requests.js';
import { MODULE } from '../observability/seam-spans.js';
import { endRunning } from '../observability/spans.js';
import { RateLimit } from './rate-limit.js';
import { stateOf } from './request-state.js';
import { RouteTable } from './route-table.js';

/** What happens to every request, whether there is a route for it or not. */
export function addRequestHooks(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const { log } = app.get(HttpOptions);
  const closing = app.get(Closing);
  const routes = app.get(RouteTable);
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  const connections = new Connections(fastify.server);
  closing.onBegin(() => void connections.drain());
  fastify.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, closing);
    reply.raw.once('close', () => ended(request, reply));
    if (request.url.includes('%00')) return done(unstorable());
    return done(closing.begun && !request.url.startsWith('/health/') ? shuttingDown() : undefined);
  });
  const limit = app.get(RateLimit);
  fastify.addHook('onRequest', async (request) => await limit.count(request));
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // A connection kept alive beyond its last answer would keep the process.
    if (closing.begun) reply.header('Connection', 'close');
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    logRequest(log, request, reply);
    done();
  });
}

function begin(request: FastifyRequest, reply: FastifyReply, closing: Closing): void {
  const state = stateOf(request);
  state.closing = closing;
  const { context } = state;
  reply.header('X-Correlation-Id', context.correlationId).header('X-Trace-Id', traceIds(context.traceparent).traceId);
}

/** Also where the client has hung up before it had its answer. */
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
  };
  runInScope(context, undefined, () => log[operational ? 'debug' : 'info'](line, 'request'));
}
