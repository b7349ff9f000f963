import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { contextOptions } from '../../bounded-context.js';
import type { MessageContext } from '../../messaging/context/context.js';
import { runInScope } from '../../messaging/context/context.js';
import { IDEMPOTENT } from '../decorators.js';
import { RequestRefused } from '../problems/problem.js';
import { stateOf, text } from './request-state.js';

const KEY = /^[\x20-\x7e]{1,200}$/;

/**
 * Runs every route as the handler of a message: what it asks, publishes and logs carries who asked, the trace, the
 * deadline and, where the route is idempotent, the key.
 */
@Injectable()
export class RequestScope implements NestInterceptor {
  #modules: ReadonlyMap<unknown, string> | undefined;

  constructor(
    private readonly container: ModulesContainer,
    private readonly reflector: Reflector,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const state = stateOf(request);
    state.context = { ...state.context, ...this.#module(execution), ...this.#key(execution, request, state.context) };
    // Nest binds the rest of the chain to the scope in which it is asked for.
    return runInScope(state.context, undefined, () => next.handle());
  }

  #module(execution: ExecutionContext): { module: string } | undefined {
    this.#modules ??= modulesOfControllers(this.container);
    const module = this.#modules.get(execution.getClass());
    return module === undefined ? undefined : { module };
  }

  #key(
    execution: ExecutionContext,
    request: FastifyRequest,
    { actor, type }: MessageContext,
  ): Pick<MessageContext, 'key' | 'repeatedBy'> | undefined {
    if (!this.reflector.get<boolean | undefined>(IDEMPOTENT, execution.getHandler())) return undefined;
    const key = idempotencyKey(text(request.headers['idempotency-key']));
    // Escaped, so that no user's key can read like another's.
    return { key: `${encodeURIComponent(actor.sub)}:${type}:${key}`, repeatedBy: 'client' };
  }
}

function modulesOfControllers(container: ModulesContainer): Map<unknown, string> {
  const modules = new Map<unknown, string>();
  for (const module of container.values()) {
    const context = contextOptions(module.metatype);
    if (!context) continue;
    for (const controller of module.controllers.values()) modules.set(controller.metatype, context.name);
  }
  return modules;
}

function idempotencyKey(header: string | undefined): string {
  if (!header) {
    const message = 'This route needs an Idempotency-Key header, so that a repetition has no second effect.';
    throw new RequestRefused(400, 'idempotency_key_required', message);
  }
  if (KEY.test(header)) return header;
  throw new RequestRefused(
    400,
    'idempotency_key_invalid',
    'An Idempotency-Key has 1 to 200 printable ASCII characters.',
  );
}
