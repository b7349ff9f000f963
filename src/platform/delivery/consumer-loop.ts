import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isConnectionFailure } from '../persistence/failures.js';
import type { Database } from '../persistence/database.js';
import { UnitOfWork } from '../persistence/unit-of-work.js';
import type { Consumer } from './consumer.js';
import { backoff, keyOf } from './consumer.js';
import type { Feed, FeedFilter, FeedPage } from './feed.js';
import type { StoredMessage } from './message.js';
import { describeError } from './describe-error.js';
import { park, parkedKeys } from './parked.js';
import { advance, ensureProgress, lockProgress } from './progress.js';

const BATCH = 200;
/** Progress over messages that are not ours is saved when it has come this far, so that retention can go on. */
const SAVE_EVERY = 1000;
const BUSY_MS = 10;

export interface LoopEvents {
  /** A batch committed; `spoke` when it wrote to the module's outbox, `parked` when messages wait in the work table. */
  committed(module: string, spoke: boolean, parked: Consumer | undefined): void;
  failed(consumer: string, error: unknown): void;
}

/**
 * Reads one producer's feed for one consumer, in order, a batch and a transaction at a time.
 *
 * The effects of a batch and the progress over it commit together: after a crash at any point either both are there or
 * neither. Several replicas may run the same loop; the progress row lets one of them work at a time.
 */
export class ConsumerLoop {
  #position = 0;
  /** What the progress row said last; behind `#position` only by messages that are not ours. */
  #saved = 0;
  #started = false;
  #freshAt = 0;

  constructor(
    private readonly consumer: Consumer,
    private readonly feed: Feed,
    private readonly filter: FeedFilter,
    private readonly database: Database,
    private readonly events: LoopEvents,
  ) {}

  get consumerName(): string {
    return this.consumer.name;
  }

  get producer(): string {
    return this.feed.producer;
  }

  /** When everything the producer had said was last known to be read: milliseconds since the epoch, 0 for never. */
  freshAt(): number {
    const { settled, at } = this.feed.lastLook();
    return this.#started && this.#position >= settled ? at : this.#freshAt;
  }

  /** Runs until `signal` aborts; a batch that has begun is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!this.#started) await this.#start(this.database.pool);
        await this.#waitForMore(signal);
        if (!signal.aborted) await this.#step();
        failures = 0;
      } catch (error) {
        this.events.failed(this.consumer.name, error);
        const pause = backoff({ attempts: 0, baseMs: 100, maxMs: 5000 }, ++failures);
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #start(pool: Pool): Promise<void> {
    this.#saved = await ensureProgress(pool, this.consumer.name, this.feed.producer);
    this.#position = this.#saved;
    this.#started = true;
  }

  /** Whoever had to wait had read everything until then. */
  async #waitForMore(signal: AbortSignal): Promise<void> {
    const wasFresh = this.#position >= this.feed.lastLook().settled;
    await this.feed.wait(this.#position, signal);
    if (wasFresh) this.#freshAt = Date.now();
  }

  async #step(): Promise<void> {
    const page = await this.feed.read(this.#position, this.filter, BATCH);
    if (page.messages.length === 0 && page.upTo - this.#saved < SAVE_EVERY) {
      this.#position = page.upTo;
      return;
    }
    try {
      await this.#transact(page, false);
    } catch (error) {
      if (isConnectionFailure(error)) throw error;
      await this.#transact(page, true);
    }
  }

  /** @param isolate run each message by itself, and park those that fail */
  async #transact(page: FeedPage, isolate: boolean): Promise<void> {
    const { consumer, feed, database } = this;
    const unit = new UnitOfWork(database.module, database.dataSource);
    try {
      const client = await unit.client();
      const locked = await lockProgress(client, consumer.name, feed.producer);
      if (locked !== this.#saved) {
        await unit.rollback();
        return await this.#overtaken(locked);
      }
      const parked = await this.#handleAll(unit, page.messages, isolate);
      await advance(client, consumer.name, feed.producer, page.upTo);
      const spoke = await unit.commit();
      this.#position = this.#saved = page.upTo;
      this.events.committed(database.module, spoke, parked ? consumer : undefined);
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }

  /** Another replica holds the progress row, or has moved it. */
  async #overtaken(position: number | undefined): Promise<void> {
    if (position === undefined) await delay(BUSY_MS);
    else this.#position = this.#saved = position;
  }

  /** @returns whether any message was parked */
  async #handleAll(unit: UnitOfWork, messages: readonly StoredMessage[], isolate: boolean): Promise<boolean> {
    const client = await unit.client();
    const held = await parkedKeys(client, this.consumer.name, messages);
    let parked = false;
    for (const message of messages) {
      if (this.consumer.external || held.has(keyOf(message))) {
        await park(client, this.consumer.name, { message, dueInMs: 0 });
        parked = true;
      } else if (!isolate) {
        await this.consumer.handle(message, unit);
      } else if (!(await this.#survives(unit, message))) {
        held.add(keyOf(message));
        parked = true;
      }
    }
    return parked;
  }

  async #survives(unit: UnitOfWork, message: StoredMessage): Promise<boolean> {
    try {
      await unit.nested(() => this.consumer.handle(message, unit));
      return true;
    } catch (error) {
      if (isConnectionFailure(error)) throw error;
      this.events.failed(this.consumer.name, error);
      const dueInMs = backoff(this.consumer.retry, 1);
      await park(await unit.client(), this.consumer.name, { message, dueInMs, error: describeError(error) });
      return false;
    }
  }
}
