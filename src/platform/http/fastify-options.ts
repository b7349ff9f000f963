import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { childTrace, traceIds } from '../messaging/trace-context.js';
import { refusal } from './failures.js';
import { problemBody } from './problem.js';
import { stateOf } from './request-state.js';

export const BODY_LIMIT = 100 * 1024;

/** How long a client may take to send its request. */
export const ARRIVAL_MS = 30_000;

/** The options of the `FastifyAdapter`. */
export function fastifyOptions() {
  return {
    bodyLimit: BODY_LIMIT,
    requestTimeout: ARRIVAL_MS,
    // Refused by a hook of ours, whose answer is a problem like every other.
    return503OnClosing: false,
    clientErrorHandler,
    frameworkErrors,
  };
}

/** A path that the router cannot read is refused before anything of ours runs. */
function frameworkErrors(
  { statusCode = 400 }: { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { traceId } = traceIds(stateOf(request).context.traceparent);
  const headers = {
    'X-Trace-Id': traceId,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'self'",
  };
  const body = JSON.stringify(problemBody(refusal(statusCode), traceId));
  reply.status(statusCode).headers(headers).type('application/problem+json; charset=utf-8').send(body);
}

const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** What is no HTTP, or too slow or too long for it, never becomes a request. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS[error.code ?? ''] ?? 400;
  const body = JSON.stringify(problemBody(refusal(status), traceIds(childTrace(undefined)).traceId));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
