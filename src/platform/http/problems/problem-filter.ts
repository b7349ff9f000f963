import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, HttpException, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { runInScope } from '../../messaging/context/context.js';
import { traceIds } from '../../messaging/context/trace-context.js';
import { failureOf, refusal } from './failures.js';
import { HttpOptions } from '../http-options.js';
import type { Failure } from './problem.js';
import { problemBody } from './problem.js';
import { stateOf } from '../request/request-state.js';
import { RouteTable } from '../route-table.js';

/** Answers every failure with a problem. What was not foreseen is logged here, once, with the error itself. */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly options: HttpOptions,
    private readonly host: HttpAdapterHost,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const failure = this.#failureOf(error, request);
    const state = stateOf(request);
    state.problem = failure.code;
    if (failure.unexpected)
      runInScope(state.context, undefined, () => this.options.log.error({ err: error }, 'request failed'));
    if (!this.host.httpAdapter.isHeadersSent(reply))
      this.#send(reply, failure, traceIds(state.context.traceparent).traceId);
  }

  #failureOf(error: unknown, request: FastifyRequest): Failure {
    if (hungUp(request)) return refusal(400);
    const unknownRoute = error instanceof HttpException && error.getStatus() === 404 && request.is404;
    const methods = unknownRoute ? this.routes.methodsOf(request) : [];
    if (methods.length === 0) return failureOf(error);
    return { ...refusal(405), headers: { Allow: methods.join(', ') } };
  }

  #send(reply: FastifyReply, failure: Failure, traceId: string): void {
    const { httpAdapter } = this.host;
    const headers = {
      ...failure.headers,
      'X-Trace-Id': traceId,
      'Content-Type': 'application/problem+json; charset=utf-8',
    };
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
    httpAdapter.reply(reply, problemBody(failure, traceId), failure.status);
  }
}

/** The client went away before it had sent everything: nobody hears the answer, and it is no fault of ours. */
function hungUp({ raw }: FastifyRequest): boolean {
  return raw?.destroyed === true && !raw.complete;
}
