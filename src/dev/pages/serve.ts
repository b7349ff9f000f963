import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestRefused } from '../../platform/http/problems/problem.js';
import type { MapFacts } from './map-page.js';
import { mapPage } from './map-page.js';
import type { ReadinessView } from './readiness-page.js';
import { readinessPage } from './readiness-page.js';
import { STYLE } from './style.js';
import { tracePage } from './trace-page.js';
import type { TraceStore } from './trace-store.js';
import { matching, summaryOf, tracesPage } from './traces-page.js';

const PAGE = 'text/html; charset=utf-8';

interface DevelopmentView {
  store: TraceStore;
  modules: readonly string[];
  facts(): Promise<MapFacts>;
  /** What is known of the modules besides, where the sources are there to be read. */
  readiness: ReadinessView;
}

/**
 * Serves the development view: `/_dev`, `/_dev/readiness`, `/_dev/traces` and `/_dev/traces/:traceId`, as pages, the traces
 * also as JSON to whoever accepts that and no HTML. Works without the internet and without scripts. Not to be called in production.
 */
export function serveDevelopmentView(app: NestFastifyApplication, view: DevelopmentView): void {
  const { store, modules, facts, readiness } = view;
  const fastify = app.getHttpAdapter().getInstance();
  const send = (reply: FastifyReply, text: string) => reply.header('Cache-Control', 'no-store').type(PAGE).send(text);
  fastify.get<{ Querystring: { live?: string } }>('/_dev', async (request, reply) =>
    send(reply, mapPage(await facts(), request.query.live !== 'off')),
  );
  fastify.get<{ Querystring: { q?: string } }>('/_dev/traces', (request, reply) => {
    const search = String(request.query.q ?? '').trim();
    if (wantsJson(request)) return reply.send({ items: matching(store.list(), search).map(summaryOf) });
    return send(reply, tracesPage(store.list(), modules, search));
  });
  fastify.get<{ Params: { traceId: string } }>('/_dev/traces/:traceId', (request, reply) => {
    const trace = store.get(request.params.traceId);
    if (!trace || trace.spans.length === 0) throw unknown(request.params.traceId);
    return wantsJson(request) ? reply.send(trace) : send(reply, tracePage(trace, modules));
  });
  fastify.get<{ Querystring: { module?: string } }>('/_dev/readiness', async (request, reply) => {
    const chosen = modules.find((module) => module === request.query.module);
    if (request.query.module !== undefined && chosen === undefined) throw unknownModule(request.query.module, modules);
    return send(reply, await readinessPage({ ...(await facts()), traces: store.list() }, readiness, chosen));
  });
  fastify.get('/_dev/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
}

function unknown(traceId: string): RequestRefused {
  const message = `There is no trace ${traceId.slice(0, 64)} here: only the last 500 of this process are kept.`;
  return new RequestRefused(404, 'unknown_trace', message);
}

function unknownModule(name: string, modules: readonly string[]): RequestRefused {
  const message = `There is no module ${name.slice(0, 64)}; expected one of ${modules.join(', ')}.`;
  return new RequestRefused(404, 'unknown_module', message);
}

function wantsJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('application/json') && !accept.includes('text/html');
}
