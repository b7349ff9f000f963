import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem, beforeRouting } from './request/before-routing.js';
import { failureOf, refusal } from './problems/failures.js';
import { clientErrorHandler } from './request/parser-errors.js';

export const BODY_LIMIT = 100 * 1024;

/** How long a client may take to send its request. */
export const ARRIVAL_MS = 30_000;

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
  answerProblem(request, reply, failure);
}
