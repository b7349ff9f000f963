import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../observability/logging.js';
import type { LogEnd, LogWatch } from '../broker/broker-log.js';
import type { RemoteWatch } from '../events/remote-feed.js';
import type { Topic } from './topic.js';

const POLL_MS = 1000;
const POLL_BYTES = 1024 * 1024;
const PAUSE_MS = 500;
/** A topic that stays so long behind the outbox of its producer is not waited for. */
const BEHIND_MS = 1000;

/**
 * Follows how far the topic of one producer in another process goes, for all its consumers here, and by what the producer's
 * process tells how far its outbox goes. What the topic has not got after a second, as when Kafka is away or the last
 * numbers of the outbox were never used, is read from the outbox.
 */
export class TopicWatch implements LogWatch {
  end: LogEnd = { settled: 0, last: 0, place: 0 };
  /** How far the outbox goes at least, where the topic did not follow in time. */
  #overdue = 0;
  #expecting: Promise<void> | undefined;
  #place: number | undefined;
  #told = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly topic: Topic,
    private readonly outbox: RemoteWatch,
    private readonly log: Logger,
  ) {}

  get head(): number {
    return this.outbox.settled;
  }

  get lookedAt(): number {
    return this.outbox.lookedAt;
  }

  get settled(): number {
    return Math.max(this.end.settled, this.#overdue);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.outbox.subscribe(() => {
      this.#expecting ??= this.#expect(signal);
    });
    while (!signal.aborted) await this.#look(signal);
    unsubscribe();
    await Promise.all([this.outbox.stop(), this.#expecting]);
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      await this.#poll();
      if (this.#told) this.log.info({ topic: this.topic.name }, 'reads from Kafka again');
      this.#told = false;
    } catch (err) {
      this.#place = undefined;
      if (!this.#told && !signal.aborted)
        this.log.warn({ err, topic: this.topic.name }, 'cannot read from Kafka: reading from the outbox meanwhile');
      this.#told = true;
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #poll(): Promise<void> {
    if (this.#place === undefined) {
      const { seq, place } = await this.topic.lastLogged();
      this.#place = place;
      return this.#move(seq ?? 0, place);
    }
    const part = await this.topic.read(this.#place, POLL_BYTES, POLL_MS);
    this.#place = part?.next;
    if (part) this.#move(part.found.at(-1)?.seq ?? 0, part.next);
  }

  /** The end of a topic that was made anew may be before that of the old one. */
  #move(seq: number, place: number): void {
    const last = Math.max(seq, this.end.last);
    const moved = last > this.end.last;
    this.end = { settled: last, last, place };
    if (moved) this.#notify();
  }

  /** Waits until the topic has got as far as the outbox, a second at most. */
  async #expect(signal: AbortSignal): Promise<void> {
    while (this.settled < this.head && !signal.aborted) {
      const { head } = this;
      await delay(BEHIND_MS, undefined, { signal }).catch(() => undefined);
      if (this.settled >= head || signal.aborted) continue;
      this.#overdue = head;
      this.#notify();
    }
    this.#expecting = undefined;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
