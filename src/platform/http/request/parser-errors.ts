import type { FastifyInstance, FastifyReply } from 'fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { childTrace, traceIds } from '../../messaging/context/trace-context.js';
import { requested } from '../../observability/requests.js';
import { answerAtOnce, beforeRouting, PROBLEM_TYPE } from './before-routing.js';
import { refusal } from '../problems/failures.js';
import { problemBody } from '../problems/problem.js';

/** How long a client that is refused may take to read why and to hang up, in milliseconds. */
const LINGER_MS = 1000;

const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** The last request of a connection, while it is answered. */
const answering = new WeakMap<Socket, FastifyReply>();
/** Connections of which nothing more is read. */
const refused = new WeakSet<Socket>();

/** Notes a request that has begun to arrive: what follows on its connection may be no HTTP. */
export function noteAnswering(reply: FastifyReply): void {
  const { socket } = reply.request.raw;
  answering.set(socket, reply);
  reply.raw.once('close', () => answering.get(socket) === reply && answering.delete(socket));
}

/** What is no HTTP, or too slow or too long for it, is counted and logged like every request. */
export function clientErrorHandler(this: FastifyInstance | void, error: NodeJS.ErrnoException, socket: Socket): void {
  if (refused.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  refused.add(socket);
  const status = STATUS[error.code ?? ''] ?? 400;
  const last = answering.get(socket);
  if (last && !last.request.raw.complete) return refuseBody(last, socket, status);
  noteUnread(this as object, status);
  // An answer in its place would be taken for that of the request before.
  if (last) last.raw.once('close', () => socket.destroySoon());
  else refuseSocket(socket, status);
}

/** The request itself was good, its body is not: it has a line in the log and a span of its own. */
function refuseBody(reply: FastifyReply, socket: Socket, status: number): void {
  reply.raw.once('close', () => endSoon(socket));
  answerAtOnce(reply, refusal(status));
}

/** A request that nobody could read is counted and logged like the others. */
function noteUnread(fastify: object, status: number): void {
  requested({ method: '_OTHER', route: '(no route)', status, ms: 0 });
  beforeRouting.get(fastify)?.log.info({ status, problem: refusal(status).code }, 'request');
}

/** Answers a connection on which no request can be read, and ends it. */
function refuseSocket(socket: Socket, status: number, headers = ''): void {
  const body = problemOf(status);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n${headers}`;
  socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  endSoon(socket);
}

/** At once it would take the answer from whoever is still sending; and who never hangs up must not keep the connection. */
function endSoon(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const problemOf = (status: number) =>
  JSON.stringify(problemBody(refusal(status), traceIds(childTrace(undefined)).traceId));

/**
 * Has a listener answer with problems what Node's parser refuses, as the one that Fastify has made does.
 * @param fastify the application behind it
 */
export function answerParserErrors(server: Server, fastify: object): void {
  server.on('clientError', clientErrorHandler.bind(fastify as FastifyInstance));
  answerOddRequests(server, fastify);
}

/**
 * Answers what Node keeps to itself: it would refuse expectations without a word, and hang up on whoever wants a tunnel.
 * @param fastify the application behind the listener
 */
export function answerOddRequests(server: Server, fastify: object): void {
  server.on('checkExpectation', ({ socket }: IncomingMessage, response: ServerResponse) => {
    // Its body is not read: what is wrong with it would be answered once more.
    refused.add(socket);
    const body = problemOf(417);
    const headers = { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' };
    response.writeHead(417, headers).end(body);
    noteUnread(fastify, 417);
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy()).resume();
    refuseSocket(socket, 405, 'Allow: \r\n');
    noteUnread(fastify, 405);
  });
}
