import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOptions, pathsOf } from '../../bounded-context.js';
import { refusal } from '../../http/problems/failures.js';
import { Identity } from '../../http/auth/identity.js';
import { RequestRefused } from '../../http/problems/problem.js';
import { stateOf } from '../../http/request/request-state.js';
import { forwarding } from '../../observability/seam-spans.js';
import { inSpan } from '../../observability/spans.js';
import { answerHeaders, requestHeaders } from './headers.js';
import { documentRemote } from './remote-docs.js';
import type { SeamClient } from '../seam/seam-client.js';
import type { SeamAnswer } from '../seam/seam-exchange.js';
import { FORWARDED, PATHS, unanswered } from '../seam/wire.js';

/**
 * Keeps the public routes of a remote module reachable here, so that clients see no change: requests are counted here as
 * every other, and go on over the signed seam. The user's token is verified here and again behind it.
 */
export function forwardRoutes(app: NestFastifyApplication, module: Type, client: SeamClient): void {
  const fastify = app.getHttpAdapter().getInstance();
  const identity = app.get(Identity);
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    await identity.of(request);
    const answer = await forward(client, request, reply);
    return await reply.status(answer.status).headers(answerHeaders(answer.headers)).send(answer.body);
  };
  documentRemote(fastify, contextOptions(module)!.name, client);
  void fastify.register(async (scope) => {
    // The body goes on as it came, whatever it is: the module's own process reads it.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const prefix of pathsOf(contextOptions(module)!)) {
      scope.all(`/${prefix}`, handler);
      scope.all(`/${prefix}/*`, handler);
    }
  });
}

/** @throws Unavailable when no answer begins before the deadline of the request */
function forward(client: SeamClient, request: FastifyRequest, reply: FastifyReply): Promise<SeamAnswer<Readable>> {
  const { method, url, headers, ip } = request;
  const { correlationId, traceparent, deadline } = stateOf(request).context;
  const gone = new AbortController();
  const abandon = () => gone.abort();
  const { late } = stateOf(request).closing!;
  late.addEventListener('abort', abandon, { once: true });
  reply.raw.once('close', () => {
    late.removeEventListener('abort', abandon);
    abandon();
  });
  const onward = {
    method,
    path: `${PATHS.http}${originForm(url)}`,
    body: (request.body as Buffer | undefined) ?? '',
    headers: { ...requestHeaders(headers), 'x-correlation-id': correlationId },
    client: ip,
    signal: gone.signal,
  };
  const spec = () => forwarding(method, client.peer.module, client.peer.url);
  const safe = method === 'GET' || method === 'HEAD';
  return client.policy.route(deadline!, safe, async (timeoutMs) => {
    const answer = await inSpan(traceparent, spec, (own) => {
      const traced = { ...onward.headers, traceparent: own };
      return client.forward({ ...onward, headers: traced, timeoutMs });
    });
    if (answer.headers[FORWARDED] !== undefined) return answer;
    // It was not asked at all: the request is too large for its listener.
    if (TOO_LARGE.has(answer.status)) throw refused(answer);
    throw unanswered(`${method} of ${client.peer.module}`, { status: answer.status, body: await buffer(answer.body) });
  });
}

const TOO_LARGE = new Set([413, 414, 431]);

function refused({ status, body }: SeamAnswer<Readable>): RequestRefused {
  body.destroy();
  const { code, detail } = refusal(status);
  return new RequestRefused(status, code, detail);
}

/** A request target may be a whole URL: RFC 9112, 3.2.2. All else goes on as it is: routers read it alike here and there. */
const originForm = (url: string) => url.replace(/^https?:\/\/[^/?#]*/i, '');
