import type { FastifyReply, FastifyRequest } from 'fastify';
import { traceIds } from '../messaging/trace-context.js';
import type { Logger } from '../observability/logging.js';
import type { Failure } from './problem.js';
import { problemBody } from './problem.js';
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
