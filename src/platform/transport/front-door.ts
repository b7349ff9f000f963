import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOptions } from '../bounded-context.js';
import { Identity } from '../http/identity.js';
import { preferredWaitMs } from '../http/prefer.js';
import { stateOf, text } from '../http/request-state.js';
import { documentRemote } from './remote-docs.js';
import type { SeamClient } from './seam-client.js';
import type { ForwardedRequest, PublicRoutes } from './seam-server.js';
import { FORWARDED, PATHS } from './wire.js';

/** What an answer may take beside the time that the client itself prefers to wait, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those that are set anew. */
const NOT_FORWARDED = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-seam-signature',
]);

/**
 * Keeps the public routes of a remote module reachable here, so that clients see no change: requests go on over the
 * signed seam, and the user's token is verified here and again behind it.
 */
export function forwardRoutes(app: NestFastifyApplication, module: Type, client: SeamClient): void {
  const fastify = app.getHttpAdapter().getInstance();
  const identity = app.get(Identity);
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    await identity.of(request);
    const answer = await forward(client, request);
    return await reply.status(answer.status).headers(kept(answer.headers)).send(answer.body);
  };
  documentRemote(fastify, client);
  void fastify.register(async (scope) => {
    // The body goes on as it came, whatever it is: the module's own process reads it.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const prefix of prefixesOf(module)) {
      scope.all(`/${prefix}`, handler);
      scope.all(`/${prefix}/*`, handler);
    }
  });
}

function forward(client: SeamClient, request: FastifyRequest) {
  const { method, url, headers, body } = request;
  const { correlationId, traceparent } = stateOf(request).context;
  const patience = PATIENCE_MS + preferredWaitMs(text(headers.prefer));
  const traced = { ...kept(headers), 'x-correlation-id': correlationId, traceparent };
  return client.request(method, `${PATHS.http}${url}`, (body as Buffer | undefined) ?? '', patience, traced);
}

function kept(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_FORWARDED.has(name))) as Record<
    string,
    string
  >;
}

/** The paths of a module's controllers. Nest keeps them under this name. */
function prefixesOf(module: Type): string[] {
  const controllers = contextOptions(module)!.controllers ?? [];
  return controllers.flatMap((controller) => Reflect.getMetadata('path', controller) as string | string[]);
}

/** Hands forwarded requests to this process's own public routes, as if they had come in by its own listener. */
export function publicRoutes(app: NestFastifyApplication): PublicRoutes {
  const fastify = app.getHttpAdapter().getInstance();
  return async ({ method, url, headers, body }: ForwardedRequest) => {
    const answer = await fastify.inject({
      method: method as 'GET',
      url,
      headers: { ...kept(headers), [FORWARDED]: '1' },
      ...(body.length > 0 && { payload: body }),
    });
    return { status: answer.statusCode, headers: kept(answer.headers), body: answer.rawPayload };
  };
}
