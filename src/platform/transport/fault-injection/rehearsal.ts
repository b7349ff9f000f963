import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from '../../delivery/consumer/consumer.js';
import { keyOf } from '../../delivery/consumer/consumer.js';
import type { Feed, FeedFilter, FeedPage } from '../../delivery/feed/feed.js';
import type { StoredMessage } from '../../transaction/message.js';
import { Unavailable } from '../../messaging/errors.js';
import { fromCloudEvent, toCloudEvent } from '../events/cloud-events.js';
import type { SeamAnswer } from '../seam/seam-exchange.js';
import { SeamPolicy } from '../seam/seam-policy.js';
import { seeded } from './seeded.js';

/** What a rehearsal does, and how often: shares of all requests, reads and batches. */
const SHARE = { lostBefore: 0.1, lostAfter: 0.1, doubled: 0.1, readFails: 0.1, batchFails: 0.15 };
/** Never so many failures one after the other that a caller would have to give up. */
const MAX_IN_A_ROW = 2;
const MEAN_DELAY_MS = 8;
const MAX_DELAY_MS = 150;

export interface RehearsalOptions {
  /** Whose seams are rehearsed. */
  module: string;
  seed: number;
}

/** What carries one request. */
type Send = () => Promise<SeamAnswer>;

/**
 * Makes the seams of one module in this process as bad as a network and another process can make them, as a seed decides:
 * everything is serialised, late, lost before or after its effect, or comes twice; messages of different keys change places.
 */
export class Rehearsal {
  readonly module: string;
  /** How the module is asked by the others. */
  readonly policy: SeamPolicy;
  readonly #random: () => number;
  /** How often each message, feed or consumer was struck since it last got through. */
  readonly #consecutiveFaults = new Map<string, number>();

  constructor({ module, seed }: RehearsalOptions) {
    this.module = module;
    this.policy = new SeamPolicy(module);
    this.#random = seeded(seed);
  }

  /** Whether what goes from one module to another crosses the seam that is rehearsed. */
  crosses(from: string, to: string): boolean {
    return from !== to && (from === this.module || to === this.module);
  }

  /** A request over the seam. @throws Unavailable where it, or its answer, is lost */
  async request(id: string, send: Send): Promise<SeamAnswer> {
    await this.pause();
    if (this.injectFault(SHARE.lostBefore, id)) throw lost('request');
    const twice = this.#random() < SHARE.doubled;
    const answers = await Promise.all(twice ? [send(), send()] : [send()]);
    await this.pause();
    if (this.injectFault(SHARE.lostAfter, id)) throw lost('answer');
    this.#consecutiveFaults.delete(id);
    return answers.at(-1)!;
  }

  feed(feed: Feed): Feed {
    return new RehearsedFeed(feed, this);
  }

  /** Its batches fail when everything is done: they are undone, and every message comes again. */
  consumer(consumer: Consumer): Consumer {
    const forgets = (what: string) => {
      if (this.fails('batchFails', consumer.name)) throw lost(what);
    };
    const handle: Consumer['handle'] = async (...args) => {
      const result = await consumer.handle(...args);
      if (consumer.external) forgets('memory of what was done outside');
      return result;
    };
    const handleBatch: Consumer['handleBatch'] = async (messages, unit, isOver) => {
      const left = await consumer.handleBatch(messages, unit, isOver);
      forgets('batch');
      return left;
    };
    return Object.assign(Object.create(consumer) as Consumer, { handle, handleBatch });
  }

  /** An exponential distribution, cut off. */
  async pause(): Promise<void> {
    await delay(Math.min(MAX_DELAY_MS, -Math.log(1 - this.#random()) * MEAN_DELAY_MS));
  }

  injectFault(share: number, victim: string): boolean {
    const before = this.#consecutiveFaults.get(victim) ?? 0;
    const injected = this.#random() < share && before < MAX_IN_A_ROW;
    if (injected) this.#consecutiveFaults.set(victim, before + 1);
    return injected;
  }

  /** As {@link injectFault}, for what goes on for ever. */
  fails(what: 'readFails' | 'batchFails', victim: string): boolean {
    const injected = this.injectFault(SHARE[what], victim);
    if (!injected) this.#consecutiveFaults.delete(victim);
    return injected;
  }

  /** Up to `most`, and sometimes much less. */
  some(most: number): number {
    return Math.max(1, Math.ceil(most * this.#random() ** 2));
  }

  /** Each key keeps its own order; which key comes next is chance. */
  shuffled(messages: readonly StoredMessage[]): StoredMessage[] {
    const byKey = new Map<string, StoredMessage[]>();
    for (const message of messages) byKey.set(keyOf(message), [...(byKey.get(keyOf(message)) ?? []), message]);
    const keys = [...byKey.values()];
    const result: StoredMessage[] = [];
    while (keys.length > 0) {
      const at = Math.floor(this.#random() * keys.length);
      result.push(keys[at]!.shift()!);
      if (keys[at]!.length === 0) keys.splice(at, 1);
    }
    return result;
  }
}

const lost = (what: string) => new Unavailable(`Rehearsal: the ${what} was lost.`, 'down');

/** Late, in pages of any size, as CloudEvents, out of order where no order is promised, and lost on the way. */
class RehearsedFeed implements Feed {
  readonly producer: string;

  constructor(
    private readonly feed: Feed,
    private readonly rehearsal: Rehearsal,
  ) {
    this.producer = feed.producer;
  }

  lastLook(): { settled: number; at: number } {
    return this.feed.lastLook();
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return this.feed.wait(position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number, bytes?: number): Promise<FeedPage> {
    await this.rehearsal.pause();
    const { messages, upTo } = await this.feed.read(after, filter, this.rehearsal.some(limit), bytes);
    if (this.rehearsal.fails('readFails', `feed of ${this.producer}`)) throw lost('page');
    const wire = JSON.stringify(messages.map(toCloudEvent));
    return { messages: this.rehearsal.shuffled((JSON.parse(wire) as unknown[]).map(fromCloudEvent)), upTo };
  }
}
