import { MAX_PAGE_BYTES } from '../../delivery/feed/feed.js';
import type { LogReader } from '../broker/broker-log.js';
import type { Placed, Topic } from './topic.js';

/**
 * Reads one topic like a log, for one consumer: from any number of the outbox on, forward, by offset. No group and no
 * committed offsets, since what counts is the progress that commits with the effects.
 */
export class TopicReader implements LogReader<Placed> {
  /** Everything after this number is in the buffer, or at the cursor and behind it. */
  #from: number | undefined;
  #buffer: readonly Placed[] = [];
  /** The offset that is read next. */
  #cursor = 0;

  constructor(private readonly topic: Topic) {}

  async next(after: number, end: number): Promise<readonly Placed[]> {
    if (this.#from === undefined || after < this.#from || end < this.#cursor) await this.#seek(after);
    this.#from = after;
    this.#buffer = newer(this.#buffer, after);
    while (this.#buffer.length === 0 && this.#cursor < end) {
      const part = await this.topic.read(this.#cursor, MAX_PAGE_BYTES);
      // The limits of the topic have taken what was to be read next, or nothing is left of it.
      if (!part || part.next === this.#cursor) return this.#lost();
      this.#cursor = part.next;
      this.#buffer = newer(part.found, after);
    }
    return this.#buffer;
  }

  #lost(): readonly Placed[] {
    this.#from = undefined;
    return [];
  }

  /** Puts the cursor before the first message after `after`: the topic has the order of the outbox. */
  async #seek(after: number): Promise<void> {
    const { first, next } = await this.topic.bounds();
    let [low, high] = [first, next];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = await this.#at(middle, high);
      if (!found || found.seq > after) high = middle;
      else low = found.offset + 1;
    }
    this.#buffer = [];
    this.#cursor = low;
  }

  /** The first message of ours at an offset or behind it, before another. */
  async #at(offset: number, before: number): Promise<Placed | undefined> {
    for (let from = offset; from < before;) {
      const part = await this.topic.read(from, 1);
      if (!part || part.next === from) return undefined;
      if (part.found.length > 0) return part.found[0]!.offset < before ? part.found[0] : undefined;
      from = part.next;
    }
    return undefined;
  }
}

const newer = (found: readonly Placed[], after: number) => found.filter(({ seq }) => seq > after);
