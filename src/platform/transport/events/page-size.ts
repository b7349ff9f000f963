import { MAX_PAGE_BYTES } from '../../delivery/feed/feed.js';

const READ_TIMEOUT_MS = 10_000;
const SLOW_READ_TIMEOUT_MS = 30_000;
/** So small that the page is one message. */
const MIN_SHARE = 1 / 8192;

/**
 * How much to ask another process for at once. After a read that failed it is less, down to one message, and there is more
 * time for it: a slow line, or a peer that limits its pages by number only, gets through in the end. Each page that arrives
 * doubles it again.
 */
export class PageSize {
  #share = 1;

  /** @param limit messages at most */
  ask(limit: number): { limit: number; bytes: number; timeoutMs: number } {
    const part = (most: number) => Math.max(1, Math.floor(most * this.#share));
    const timeoutMs = this.#share === 1 ? READ_TIMEOUT_MS : SLOW_READ_TIMEOUT_MS;
    return { limit: part(limit), bytes: part(MAX_PAGE_BYTES), timeoutMs };
  }

  arrived(): void {
    this.#share = Math.min(1, this.#share * 2);
  }

  failed(): void {
    this.#share = Math.max(MIN_SHARE, this.#share / 8);
  }
}
