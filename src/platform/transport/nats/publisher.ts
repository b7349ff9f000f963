import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { backoff } from '../../delivery/consumer/consumer.js';
import type { Feed } from '../../delivery/feed/feed.js';
import { EVERYTHING } from '../../delivery/feed/feed.js';
import { advance, ensureProgress, lockProgress } from '../../delivery/checkpoint/progress.js';
import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import { Appender } from './appender.js';
import type { Broker } from './broker.js';
import { heartbeatSubject } from './broker.js';
import type { Envelopes, Heartbeat } from './envelope.js';
import { publisherOf } from './publisher-progress.js';
import { endOf, assertSameOutbox } from './stream-end.js';

const BATCH = 250;
const BUSY_MS = 50;
const HEARTBEAT_INTERVAL_MS = 1000;
/** A look at the outbox that is older says nothing about now. */
const RECENT_MS = 3000;
const RETRY = { attempts: 0, baseMs: 100, maxMs: 2000 };

/** How far the stream goes, and what the progress row said then. */
type End = Omit<Heartbeat, 'head'> & { saved: number };

/**
 * Appends the outbox of one module to its stream, in order, and tells how far it has come.
 *
 * The end of the stream says where to go on, so that a broker that lost its tail gets it again. Each message is accepted
 * only right behind the one before it: late or repeated attempts, and those of another replica, change nothing. What is
 * too large for the broker is left out; readers notice, and fetch it from the outbox.
 */
export class StreamPublisher {
  readonly #appender: Appender;
  #end: End | undefined;
  #failures = 0;

  constructor(
    private readonly feed: Feed,
    private readonly database: Database,
    private readonly broker: Broker,
    private readonly envelopes: Envelopes,
    private readonly log: Logger,
  ) {
    this.#appender = new Appender(feed.producer, broker, envelopes, log);
  }

  /** Makes sure of the stream, and that it is this outbox that it continues. @throws BrokerUnusable */
  async prepare(): Promise<void> {
    await this.broker.ensureStream(this.#module);
    await assertSameOutbox(this.database.pool, this.#module, await endOf(this.broker, this.#module, this.envelopes));
  }

  /** Runs until `signal` aborts; a batch that has begun is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    const heartbeat = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS);
    while (!signal.aborted) {
      try {
        if (!(await this.#step())) await delay(BUSY_MS, undefined, { signal });
        else if (this.#end) await this.feed.wait(this.#end.settled, signal);
      } catch (err) {
        if (!signal.aborted) await this.#failed(err, signal);
      }
    }
    clearInterval(heartbeat);
  }

  get #module(): string {
    return this.feed.producer;
  }

  async #failed(err: unknown, signal: AbortSignal): Promise<void> {
    this.#end = undefined;
    if (this.#failures++ === 0)
      this.log.warn({ err, module: this.#module }, 'cannot publish to NATS; it will be tried again');
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
    const reader = { consumer: publisherOf(this.#module), producer: this.#module };
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
    this.#beat();
    return true;
  }

  #recovered(): void {
    if (this.#failures > 0) this.log.info({ module: this.#module }, 'publishes to NATS again');
    this.#failures = 0;
  }

  /** A stream that was emptied by its limits goes on where the progress row says, a new one at the oldest message. */
  async #resume(locked: number): Promise<End> {
    await this.broker.ensureStream(this.#module);
    const end = await endOf(this.broker, this.#module, this.envelopes);
    await assertSameOutbox(this.database.pool, this.#module, end);
    const settled = end.seq ?? (end.stream === 0 ? 0 : locked);
    return { settled, last: settled, stream: end.stream, saved: locked };
  }

  async #append(from: End): Promise<End> {
    const page = await this.feed.read(from.settled, EVERYTHING, BATCH);
    const stream = await this.#appender.append(page.messages, from);
    return { settled: page.upTo, last: page.messages.at(-1)?.seq ?? from.last, stream, saved: page.upTo };
  }

  /** Says nothing unless everything that is known to be in the outbox is in the stream, or has just come closer to it. */
  #beat(): void {
    const { settled: head, at } = this.feed.lastLook();
    if (!this.#end || at < Date.now() - RECENT_MS || this.broker.connection.isClosed()) return;
    const { settled, last, stream } = this.#end;
    const subject = heartbeatSubject(this.#module);
    this.broker.connection.publish(subject, this.envelopes.sealHeartbeat(subject, { settled, last, stream, head }));
  }
}
