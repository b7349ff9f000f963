import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { beforeRouting } from './before-routing.js';
import { unstorable } from './body-parsers.js';
import { Closing, shuttingDown } from '../closing.js';
import { Connections } from '../connections.js';
import { HttpOptions } from '../http-options.js';
import { answerOddRequests } from './parser-errors.js';
import { RequestRefused } from '../problems/problem.js';
import { RateLimit } from '../rate-limit.js';
import { follow } from './request-log.js';
import { RouteTable } from '../route-table.js';

/** What happens to every request, whether there is a route for it or not. */
export function addRequestHooks(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const { log } = app.get(HttpOptions);
  const closing = app.get(Closing);
  const routes = app.get(RouteTable);
  const limit = app.get(RateLimit);
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  const connections = new Connections(fastify.server);
  closing.onBegin(() => void connections.drain());
  fastify.addHook('onRequest', (request, reply, done) => {
    follow(request, reply, closing, log);
    done(refusalOf(request, closing.begun));
  });
  fastify.addHook('onRequest', async (request) => await limit.count(request));
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // A connection kept alive beyond its last answer would keep the process.
    if (closing.begun) reply.header('Connection', 'close');
    done(null, payload);
  });
  answerOddRequests(fastify.server, fastify);
  beforeRouting.set(fastify, {
    log,
    begin: async (request: FastifyRequest, reply: FastifyReply) => {
      follow(request, reply, closing, log);
      await limit.count(request);
    },
  });
}

/** Why a request is refused before anything of its route runs. */
function refusalOf(request: FastifyRequest, closing: boolean): RequestRefused | undefined {
  const { raw, url, routeOptions } = request;
  if (raw.httpVersion === '1.1' && raw.headers.host === undefined)
    return new RequestRefused(400, 'bad_request', 'A request by HTTP/1.1 needs a Host header.');
  if (url.includes('%00')) return unstorable();
  if (isRepeated(raw, 'idempotency-key')) return new RequestRefused(400, 'idempotency_key_invalid', ONE_KEY);
  return closing && !routeOptions.url?.startsWith('/health/') ? shuttingDown() : undefined;
}

const ONE_KEY = 'The Idempotency-Key header stands there more than once: send it once.';

/** Node joins the values of a header that comes more than once. */
function isRepeated({ headers, headersDistinct }: FastifyRequest['raw'], name: string): boolean {
  return String(headers[name] ?? '').includes(',') && (headersDistinct[name]?.length ?? 0) > 1;
}
