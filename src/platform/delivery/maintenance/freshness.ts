import type { ConsumerLoop } from '../consumer/consumer-loop.js';

/**
 * Tells how far read models are behind, so that a page can say what it may be missing.
 *
 * @example
 * const late = this.freshness.staleProducers(['archive.letters'], 5_000); // told beside the list
 */
export class Freshness {
  constructor(private readonly loops: () => readonly ConsumerLoop[]) {}

  /**
   * The producers whose feed was not read to its end lately.
   *
   * @param subscriptions full names of the subscriptions behind the page: `module.name`
   * @param withinMs how long ago it may be, in milliseconds
   * @returns names of producers, sorted
   */
  staleProducers(subscriptions: readonly string[], withinMs: number): string[] {
    const since = Date.now() - withinMs;
    const stale = this.loops().filter((loop) => subscriptions.includes(loop.declared) && loop.freshAt() < since);
    return [...new Set(stale.map((loop) => loop.producer))].sort();
  }
}
