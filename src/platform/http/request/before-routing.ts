import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders } from 'node:http';
import { traceIds } from '../../messaging/context/trace-context.js';
import type { Logger } from '../../observability/logging.js';
import type { Failure } from '../problems/problem.js';
import { problemBody } from '../problems/problem.js';
import { stateOf } from './request-state.js';

/** What is done for requests that never reach the router: for them no hook runs. */
interface BeforeRouting {
  log: Logger;
  /** Follows a request to its end, and counts it. @throws RequestRefused when its client sends too many */
  begin(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Of each application. */
export const beforeRouting = new WeakMap<object, BeforeRouting>();

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers with a problem where Nest's filter does not. */
export function answerProblem(request: FastifyRequest, reply: FastifyReply, failure: Failure): void {
  reply.send(describe(request, reply, failure));
}

/** Answers a request whose handler may run already, and ends its connection: what that one still says is dropped. */
export function answerAtOnce(reply: FastifyReply, failure: Failure): void {
  if (reply.sent || reply.raw.headersSent) return;
  const body = describe(reply.request, reply, failure);
  reply.header('Content-Length', Buffer.byteLength(body)).header('Connection', 'close');
  reply.hijack();
  reply.raw.writeHead(failure.status, reply.getHeaders() as OutgoingHttpHeaders).end(body);
}

/** @returns the body; status and headers are set */
function describe(request: FastifyRequest, reply: FastifyReply, failure: Failure): string {
  const state = stateOf(request);
  state.problem = failure.code;
  const { traceId } = traceIds(state.context.traceparent);
  const headers = {
    ...failure.headers,
    'X-Trace-Id': traceId,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'self'",
  };
  reply.status(failure.status).headers(headers).type(PROBLEM_TYPE);
  return JSON.stringify(problemBody(failure, traceId));
}
