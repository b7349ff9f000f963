import { IncomingMessage } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ForwardedRequest, PublicRoutes } from '../seam/seam-answers.js';
import { FORWARDED } from '../seam/wire.js';

/**
 * Hands forwarded requests to this process's own public routes, as if they had come in by its own listener, from the
 * client whom the front door names: its signature covers that.
 */
export function publicRoutes(app: NestFastifyApplication): PublicRoutes {
  const fastify = app.getHttpAdapter().getInstance();
  return async (request, response) => {
    await fastify.ready();
    fastify.routing(arrivedHere(request), response);
  };
}

/** A request whose body was read is to be read once more. */
function arrivedHere({ raw, url, body, client }: ForwardedRequest): IncomingMessage {
  const { 'x-seam-signature': _, ...headers } = raw.headers;
  const socket = Object.create(raw.socket, { remoteAddress: { value: client } }) as typeof raw.socket;
  const request = new IncomingMessage(socket);
  const { method, httpVersion } = raw;
  Object.assign(request, { method, url, httpVersion, headers: { ...headers, [FORWARDED]: '1' }, complete: true });
  if (body.length > 0) request.push(body);
  request.push(null);
  return request;
}
