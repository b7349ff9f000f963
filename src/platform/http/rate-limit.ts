import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isIPv6 } from 'node:net';
import { HttpOptions } from './http-options.js';
import { Identity } from './auth/identity.js';
import { RequestRefused } from './problems/problem.js';

const MINUTE_MS = 60_000;

/** Asked for all the time. */
const OPERATIONAL = /^\/(health|metrics)(\/|$)/;

/**
 * Limits each client to so many requests in the minute that begins with its first one, whether there is a route for them or
 * not. A client is the user of a good token, else the address. Counts what this process answers.
 */
@Injectable()
export class RateLimit {
  readonly #windows = new Windows();

  constructor(
    private readonly options: HttpOptions,
    private readonly identity: Identity,
  ) {}

  /** Counts a request of its client, unless a machine looks after this process with it. @throws RequestRefused 429, when that is one too many */
  async count(request: FastifyRequest): Promise<void> {
    const { rateLimit } = this.options;
    if (rateLimit === 'off' || OPERATIONAL.test(request.routeOptions.url ?? '')) return;
    const client = await this.#client(request);
    const { count, endsAt } = this.#windows.count(client, Date.now());
    if (count <= rateLimit) return;
    const seconds = Math.max(1, Math.ceil((endsAt - Date.now()) / 1000));
    const message = `No more than ${rateLimit} requests a minute. Try again in ${seconds} s.`;
    throw new RequestRefused(429, 'rate_limited', message, { 'Retry-After': String(seconds) });
  }

  /** Whoever sends bad tokens is counted by the address. */
  async #client(request: FastifyRequest): Promise<string> {
    const actor = await this.identity.of(request).catch(() => undefined);
    return actor ? `user:${actor.sub}` : `address:${network(request.ip)}`;
  }
}

/** A minute and a count for each client. Those that are over are dropped, oldest first, whenever a new one begins. */
class Windows {
  readonly #windows = new Map<string, { endsAt: number; count: number }>();

  count(client: string, now: number): { endsAt: number; count: number } {
    let window = this.#windows.get(client);
    if (!window || window.endsAt <= now) {
      this.#dropEnded(now);
      this.#windows.set(client, (window = { endsAt: now + MINUTE_MS, count: 0 }));
    }
    window.count++;
    return window;
  }

  /** All last equally long, so that the map's order is that of their ends. */
  #dropEnded(now: number): void {
    for (const [client, { endsAt }] of this.#windows) {
      if (endsAt > now) return;
      this.#windows.delete(client);
    }
  }
}

/** One client of IPv6 has a whole network of 64 bits to choose addresses from. */
export function network(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const [left = '', right = ''] = address.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const zeros = Array<string>(Math.max(0, 8 - groups(left).length - groups(right).length)).fill('0');
  return `${[...groups(left), ...zeros, ...groups(right)].slice(0, 4).join(':')}::/64`;
}
