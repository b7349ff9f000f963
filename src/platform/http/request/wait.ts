import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Closing } from '../closing.js';
import { preferredWaitMs } from './prefer.js';
import { stateOf, text } from './request-state.js';

/**
 * How much longer a client wants to wait for a final answer.
 *
 * @example
 * while (wait.leftMs() > 0 && !(await this.isSent(letterId))) await delay(500);
 */
export class Wait {
  readonly #until: number;

  constructor(
    header: string | undefined,
    private readonly closing: Pick<Closing, 'begun'> | undefined,
  ) {
    this.#until = Date.now() + preferredWaitMs(header);
  }

  /** Milliseconds; none any more as soon as the process shuts down. Ask again about once a second. */
  leftMs(): number {
    return this.closing?.begun ? 0 : Math.max(0, this.#until - Date.now());
  }
}

const waitOf = createParamDecorator<string>((_header, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return new Wait(text(request.headers.prefer), stateOf(request).closing);
});

/**
 * The {@link Wait} that a client asks for with `Prefer: wait=N`; documented in the OpenAPI document.
 *
 * @example
 * @Get(':letterId')
 * async find(@Param('letterId') letterId: string, @PreferredWait() wait: Wait) {}
 */
export const PreferredWait = () => waitOf('prefer');
