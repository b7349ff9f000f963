import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Forbidden } from '../../messaging/errors.js';
import { unauthenticated } from './auth.js';
import type { Access } from '../decorators.js';
import { ACCESS } from '../decorators.js';
import { Identity } from './identity.js';
import { stateOf } from '../request/request-state.js';
import { ROLES } from './roles.js';

/** Who may use a route: what the nearest decorator says, else everybody with a token. */
function accessTo(reflector: Reflector, context: ExecutionContext): Access {
  return reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]) ?? ROLES;
}

/** Authenticates the token, checks its role, stores the actor. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly identity: Identity,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessTo(this.reflector, context);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const state = stateOf(request);
    state.operational = access === 'operational';
    if (state.operational) return true;
    const actor = await this.identity.of(request);
    if (actor) state.context = { ...state.context, actor };
    else if (access !== 'public') throw unauthenticated('unauthenticated', 'A bearer token is needed.');
    if (access !== 'public' && !(access as readonly string[]).includes(actor!.role)) {
      throw new Forbidden('forbidden', 'Your role does not allow this.');
    }
    return true;
  }
}
