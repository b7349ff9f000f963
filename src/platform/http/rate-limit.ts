import type { ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { ThrottlerLimitDetail, ThrottlerModuleOptions } from '@nestjs/throttler';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import { accessTo } from './access.js';
import { HttpOptions } from './http-options.js';
import { Identity } from './identity.js';
import { RequestRefused } from './problem.js';

/** Requests within the last minute, over all routes. */
export function throttling({ rateLimit }: HttpOptions): ThrottlerModuleOptions {
  const limit = rateLimit === 'off' ? 0 : rateLimit;
  return {
    throttlers: [{ limit, ttl: 60_000, blockDuration: 0 }],
    skipIf: () => rateLimit === 'off',
    generateKey: (_context, client) => client,
  };
}

/**
 * Limits each client: the user of a good token, else the address. Counts per process.
 */
@Injectable()
export class RateLimit extends ThrottlerGuard {
  @Inject() private readonly identity!: Identity;

  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(accessTo(this.reflector, context) === 'operational');
  }

  /** Whoever sends bad tokens is counted by the address. */
  protected override async getTracker(request: FastifyRequest): Promise<string> {
    const actor = await this.identity.of(request).catch(() => undefined);
    return actor ? `user:${actor.sub}` : `address:${await super.getTracker(request)}`;
  }

  protected override throwThrottlingException(_context: ExecutionContext, { limit, timeToBlockExpire }: ThrottlerLimitDetail): Promise<void> {
    const message = `No more than ${limit} requests a minute. Try again in ${timeToBlockExpire} s.`;
    throw new RequestRefused(429, 'rate_limited', message, { 'Retry-After': String(timeToBlockExpire) });
  }
}
