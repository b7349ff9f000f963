import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { childTrace, traceIds } from '../messaging/trace-context.js';
import type { Logger } from '../observability/logging.js';
import { requested } from '../observability/requests.js';
import { failureOf, refusal } from './failures.js';
import { problemBody } from './problem.js';
import { stateOf } from './request-state.js';

export const BODY_LIMIT = 100 * 1024;

/** How long a client may take to send its request. */
export const ARRIVAL_MS = 30_000;

/** What is done for requests that the router refuses to read: for them no hook runs. */
interface BeforeRouting {
  log: Logger;
  /** Follows a request to its end, and counts it. @throws RequestRefused when its client sends too many */
  begin(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Of each application. */
export const beforeRouting = new WeakMap<object, BeforeRouting>();

/** The options of the `FastifyAdapter`. */
export function fastifyOptions() {
  return {
    bodyLimit: BODY_LIMIT,
    requestTimeout: ARRIVAL_MS,
    // Refused by hooks of ours, whose answers are problems like every other.
    return503OnClosing: false,
    http: { requireHostHeader: false },
    clientErrorHandler,
    frameworkErrors,
  };
}

/** A path that the router cannot read is refused before any hook runs. */
async function frameworkErrors(
  { statusCode = 400 }: { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  let failure = refusal(statusCode);
  try {
    await beforeRouting.get(request.server)?.begin(request, reply);
  } catch (error) {
    failure = failureOf(error);
  }
  const state = stateOf(request);
  state.problem = failure.code;
  const { traceId } = traceIds(state.context.traceparent);
  const headers = {
    ...failure.headers,
    'X-Trace-Id': traceId,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'self'",
  };
  const body = JSON.stringify(problemBody(failure, traceId));
  reply.status(failure.status).headers(headers).type(PROBLEM_TYPE).send(body);
}

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** What is no HTTP, or too slow or too long for it, never becomes a request; it is counted and logged all the same. */
function clientErrorHandler(this: FastifyInstance | void, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS[error.code ?? ''] ?? 400;
  refuseSocket(socket, status);
  noteUnread(this as object, status);
}

/** A request that nobody could read is counted and logged like the others. */
function noteUnread(fastify: object, status: number): void {
  requested({ method: '_OTHER', route: '(no route)', status, ms: 0 });
  beforeRouting.get(fastify)?.log.info({ status, problem: refusal(status).code }, 'request');
}

/** Answers a connection on which no request can be read, and ends it. */
function refuseSocket(socket: Socket, status: number): void {
  const body = JSON.stringify(problemBody(refusal(status), traceIds(childTrace(undefined)).traceId));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}

/**
 * Has a listener answer with problems what Node's parser refuses, as the one that Fastify has made does.
 * @param fastify the application behind it
 */
export function answerParserErrors(server: Server, fastify: object): void {
  server.on('clientError', clientErrorHandler.bind(fastify as FastifyInstance));
  answerExpectations(server, fastify);
}

/** @param fastify the application behind the listener */
export function answerExpectations(server: Server, fastify: object): void {
  server.on('checkExpectation', refuseExpectation.bind(fastify));
}

/** A request that expects something else than `100-continue`, which Node would answer without a word. */
function refuseExpectation(this: object, _request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(problemBody(refusal(417), traceIds(childTrace(undefined)).traceId));
  const headers = { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' };
  response.writeHead(417, headers).end(body);
  noteUnread(this, 417);
}
