import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { backoff } from '../../delivery/consumer/consumer.js';
import type { Feed } from '../../delivery/feed/feed.js';
import { EVERYTHING } from '../../delivery/feed/feed.js';
import { advance, ensureProgress, lockProgress } from '../../delivery/checkpoint/progress.js';
import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import type { BrokerLog, LogEnd } from './broker-log.js';
import { assertSameOutbox } from './same-outbox.js';

const BATCH = 250;
const BUSY_MS = 50;
const TELL_INTERVAL_MS = 1000;
/** A look at the outbox that is older says nothing about now. */
const RECENT_MS = 3000;
const RETRY = { attempts: 0, baseMs: 100, maxMs: 2000 };

/** How far the log goes, and what the progress row said then. */
type End = LogEnd & { saved: number };

/**
 * Appends the outbox of one module to its log at a broker, in order, and tells how far it has come.
 *
 * The end of the log says where to go on, so that a broker that lost its tail gets it again. What is too large for the
 * broker is left out; readers notice, and fetch it from the outbox.
 */
export class OutboxPublisher {
  #end: End | undefined;
  #failures = 0;

  constructor(
    private readonly feed: Feed,
    private readonly database: Database,
    private readonly target: BrokerLog,
    private readonly log: Logger,
  ) {}

  /** Makes sure of the log, and that it is this outbox that it continues. @throws BrokerUnusable */
  async prepare(): Promise<void> {
    await this.target.prepare();
    await assertSameOutbox(this.database.pool, this.target);
  }

  /** Runs until `signal` aborts; a batch that has begun is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    const telling = setInterval(() => this.#tell(), TELL_INTERVAL_MS);
    while (!signal.aborted) {
      try {
        if (!(await this.#step())) await delay(BUSY_MS, undefined, { signal });
        else if (this.#end) await this.feed.wait(this.#end.settled, signal);
      } catch (err) {
        if (!signal.aborted) await this.#failed(err, signal);
      }
    }
    clearInterval(telling);
  }

  get #module(): string {
    return this.feed.producer;
  }

  async #failed(err: unknown, signal: AbortSignal): Promise<void> {
    this.#end = undefined;
    if (this.#failures++ === 0)
      this.log.warn({ err, module: this.#module }, `cannot publish to ${this.target.broker}; it will be tried again`);
    await delay(backoff(RETRY, Math.min(this.#failures, 10)), undefined, { signal }).catch(() => undefined);
  }

  /** @returns `false` when another replica is at it */
  async #step(): Promise<boolean> {
    const client = await this.database.pool.connect();
    let failed = true;
    try {
      const done = await this.#publishNext(client);
      failed = false;
      return done;
    } finally {
      // A connection that is closed rolls back, and gives up its lock.
      client.release(failed);
    }
  }

  /** The transaction locks nothing but the progress row, which only publishers want. */
  async #publishNext(client: PoolClient): Promise<boolean> {
    const reader = { consumer: this.target.publisher, producer: this.#module };
    if (!this.#end) await ensureProgress(client, reader);
    await client.query('BEGIN');
    const locked = await lockProgress(client, reader);
    if (locked !== undefined) {
      const { position } = locked;
      const from = this.#end?.saved === position ? this.#end : await this.#resume(position);
      this.#end = await this.#append(from);
      await advance(client, reader, this.#end.saved);
    } else this.#end = undefined;
    await client.query('COMMIT');
    if (locked === undefined) return false;
    this.#recovered();
    this.#tell();
    return true;
  }

  #recovered(): void {
    if (this.#failures > 0) this.log.info({ module: this.#module }, `publishes to ${this.target.broker} again`);
    this.#failures = 0;
  }

  /** A log that was emptied by its limits goes on where the progress row says, a new one at the oldest message. */
  async #resume(locked: number): Promise<End> {
    await this.prepare();
    const end = await this.target.lastLogged();
    const settled = end.seq ?? (end.place === 0 ? 0 : locked);
    return { settled, last: settled, place: end.place, saved: locked };
  }

  async #append(from: End): Promise<End> {
    const page = await this.feed.read(from.settled, EVERYTHING, BATCH);
    const place = await this.target.append(page.messages, from);
    return { settled: page.upTo, last: page.messages.at(-1)?.seq ?? from.last, place, saved: page.upTo };
  }

  /** Says nothing unless everything that is known to be in the outbox is in the log, or has just come closer to it. */
  #tell(): void {
    const { settled: head, at } = this.feed.lastLook();
    if (!this.#end || at < Date.now() - RECENT_MS) return;
    const { settled, last, place } = this.#end;
    this.target.tell?.({ settled, last, place }, head);
  }
}
