import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../messaging/context/context.js';
import type { Verified, Verifier } from './auth.js';
import { unauthenticated } from './auth.js';

/** A token that was found good is not checked again for this long, nor beyond its expiry. */
const RECHECK_MS = 60_000;
const REMEMBERED = 1000;

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Who sends a request, by its token. Each request's is checked once. */
export class Identity {
  readonly #requests = new WeakMap<IncomingMessage, Promise<Actor | undefined>>();
  readonly #good = new Map<string, Verified & { recheckAt: number }>();

  constructor(private readonly verify: Verifier) {}

  /**
   * @returns `undefined` when the request carries no token
   * @throws RequestRefused 401, Unavailable: see {@link Verifier}
   */
  of(request: FastifyRequest): Promise<Actor | undefined> {
    let actor = this.#requests.get(request.raw);
    if (!actor) this.#requests.set(request.raw, (actor = this.#identify(request.headers.authorization)));
    return actor;
  }

  async #identify(authorization: string | undefined): Promise<Actor | undefined> {
    if (authorization === undefined) return undefined;
    const token = BEARER.exec(authorization)?.[1];
    if (!token)
      throw unauthenticated(
        'token_invalid',
        'The Authorization header has to say: Bearer, a space, and the token.',
        'invalid_token',
      );
    const known = this.#good.get(token);
    if (known && Date.now() < known.recheckAt) return known.actor;
    return this.#check(token);
  }

  async #check(token: string): Promise<Actor> {
    this.#good.delete(token);
    const verified = await this.verify(token);
    if (this.#good.size >= REMEMBERED) this.#good.delete(this.#good.keys().next().value!);
    this.#good.set(token, { ...verified, recheckAt: Math.min(Date.now() + RECHECK_MS, verified.expiresAt) });
    return verified.actor;
  }
}
