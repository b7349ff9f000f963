import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from '@opentelemetry/api';
import { isConnectionFailure } from '../persistence/failures.js';
import type { Database } from '../persistence/database.js';
import { UnitOfWork } from '../persistence/unit-of-work.js';
import type { Consumer } from './consumer.js';
import { backoff, keyOf } from './consumer.js';
import type { Selection } from './coverage.js';
import type { Feed, FeedPage } from './feed.js';
import type { StoredMessage } from './message.js';
import { describeError } from '../messaging/describe-error.js';
import { park, parkedKeys, rouse } from './parked.js';
import { ReadAhead } from './read-ahead.js';
import { isSampled } from '../messaging/trace-context.js';
import { receiving } from '../observability/seam-spans.js';
import { beginTrace } from '../observability/spans.js';
import type { Locked } from './progress.js';
import { advance, lockProgress } from './progress.js';
import { ReadingPosition } from './reading-position.js';
import type { Share } from './share.js';
import { notPassed, WHOLE, within } from './share.js';

const BATCH = 500;
/** Progress over messages that are not ours is saved when it has come this far, so that retention can go on. */
const SAVE_EVERY = 1000;
/** How long one that has come second holds off; doubles up to the second figure, so that replicas share the consumers. */
const BUSY_MS = [10, 160] as const;
const MOST_LINKS = 128;
/** How long a replica that does not know a message leaves it to those that may, before it sets it aside. */
const YIELD_MS = 200;

export interface LoopEvents {
  /** It turned out that a consumer is stored under another name than its own. @throws where that is another one's */
  renamed(consumer: Consumer, name: string): void;
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
  #started = false;
  #inDoubt = false;
  #wake = new AbortController();
  #freshAt = 0;
  /** How often in a row another replica was at it. */
  #second = 0;
  readonly #pages: ReadAhead;
  readonly #at: ReadingPosition;

  /** @param share the keys that are this loop's */
  constructor(
    private readonly consumer: Consumer,
    private readonly feed: Feed,
    selection: Selection,
    private readonly database: Database,
    private readonly events: LoopEvents,
    private readonly share: Share = WHOLE,
  ) {
    this.#pages = new ReadAhead(feed, BATCH);
    const renamed = (name: string) => events.renamed(consumer, name);
    this.#at = new ReadingPosition(consumer, feed.producer, selection, database, share, renamed);
  }

  get consumerName(): string {
    return this.consumer.name;
  }

  get module(): string {
    return this.consumer.module;
  }

  get producer(): string {
    return this.feed.producer;
  }

  /** When everything the producer had said was last known to be read: milliseconds since the epoch, 0 for never. */
  freshAt(): number {
    const { settled, at } = this.feed.lastLook();
    return this.#started && this.#at.read >= settled ? at : this.#freshAt;
  }

  /** Whether the producer is known to have said more than was read. */
  isBehind(): boolean {
    return this.#started && this.#at.read < this.feed.lastLook().settled;
  }

  /** The row in which its progress is. */
  get row(): string {
    const { consumer, producer, share } = this.#at.reader;
    return `${consumer} ${producer} ${share.part}/${share.of}`;
  }

  /** The name of its consumer in this version. */
  get declared(): string {
    return this.consumer.declared;
  }

  /** How far it has read, how far that is saved, and by which state of the covered set. */
  get progress(): { position: number; saved: number; coverage: number | null } {
    const { read: position, saved, coverage } = this.#at;
    return { position, saved, coverage };
  }

  /** Looks at the progress row between two batches: somebody may have moved it, as a replay does, or it is to be saved. */
  review(): void {
    this.#inDoubt = true;
    this.#wake.abort();
  }

  /** Runs until `signal` aborts; a batch that has begun is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake.abort(), { once: true });
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!this.#started) await this.#at.load();
        this.#started = true;
        if (this.#inDoubt) await this.#compare();
        await this.#waitForMore(signal);
        if (!signal.aborted && !this.#inDoubt) await this.#step();
        failures = 0;
      } catch (error) {
        this.events.failed(this.consumer.name, error);
        const pause = backoff({ attempts: 0, baseMs: 100, maxMs: 5000 }, ++failures);
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
    await this.#pages.end();
  }

  /** What is in doubt while it is compared, or where it could not be, stays so. */
  async #compare(): Promise<void> {
    this.#inDoubt = false;
    await this.#at.compare().catch((error: unknown) => {
      this.#inDoubt = true;
      throw error;
    });
  }

  /** Whoever had to wait had read everything until then. */
  async #waitForMore(signal: AbortSignal): Promise<void> {
    const wasFresh = this.#at.read >= this.feed.lastLook().settled;
    this.#wake = new AbortController();
    if (signal.aborted || this.#inDoubt) return;
    await this.feed.wait(this.#at.read, this.#wake.signal);
    if (wasFresh) this.#freshAt = Date.now();
  }

  /** What is next, of this share. A page ends where the stage does. */
  async #next(): Promise<FeedPage> {
    const { filter, until } = this.#at.stage;
    if (!filter) return { messages: [], upTo: until };
    const all = await this.#pages.read(this.#at.read, filter);
    // Where another replica was at it last time, it may well be again.
    if (this.#second === 0) this.#pages.begin(all, filter);
    const messages = within(this.share, all.messages).filter(({ seq }) => seq <= until);
    return { messages, upTo: Math.min(all.upTo, until) };
  }

  async #step(): Promise<void> {
    const page = await this.#next();
    if (page.messages.length === 0 && page.upTo - this.#at.saved < SAVE_EVERY) {
      this.#at.read = page.upTo;
      return;
    }
    // A replica that knows them may be about to take them.
    if (page.messages.some((message) => this.#isUnknown(message))) await delay(YIELD_MS);
    const span = this.#beginSpan(page.messages);
    try {
      await this.#transact(page, false);
    } catch (error) {
      if (isConnectionFailure(error)) throw error;
      await this.#transact(page, true);
    } finally {
      span?.end();
    }
  }

  /** Several messages in one transaction may be of several traces: it has one of its own, linked to theirs. */
  #beginSpan(messages: readonly StoredMessage[]): Span | undefined {
    const traces = messages.map(({ headers }) => headers.traceparent).filter(isSampled);
    if (messages.length === 1 || traces.length === 0) return undefined;
    const { name, module } = this.consumer;
    return beginTrace(undefined, () => receiving(name, module, traces.slice(0, MOST_LINKS), messages.length))?.span;
  }

  /** @param isolate run each message by itself, and park those that fail */
  async #transact(page: FeedPage, isolate: boolean): Promise<void> {
    const { consumer, database } = this;
    const done = await this.#commit(page, isolate);
    if (!done) return;
    // It is committed: nothing that fails now may have the page handled again.
    const failed = (error: unknown) => this.events.failed(consumer.name, error);
    if (done.parked) await rouse(database.pool, consumer.name, page.messages).catch(failed);
    this.events.committed(database.module, done.spoke, done.parked ? consumer : undefined);
  }

  /** @returns whether it spoke, and whether messages were parked; `undefined` where another replica was at it */
  async #commit(page: FeedPage, isolate: boolean): Promise<{ spoke: boolean; parked: boolean } | undefined> {
    const { consumer, database } = this;
    const unit = new UnitOfWork(database.module, database.dataSource);
    try {
      const client = await unit.client();
      const locked = await lockProgress(client, this.#at.reader);
      if (!locked || !this.#at.agrees(locked)) {
        await unit.rollback();
        return await this.#overtaken(locked);
      }
      const messages = notPassed(locked.passed, page.messages);
      const behind = locked.parked && !consumer.external;
      const held = behind ? await parkedKeys(client, consumer.name, messages) : new Set<string>();
      const parked = await this.#handleAll(unit, messages, held, isolate);
      // Not awaited: if it fails, so does the commit that follows it on the same connection.
      advance(client, this.#at.reader, page.upTo).catch(() => undefined);
      const spoke = await unit.commit();
      this.#at.committed(page.upTo);
      this.#second = 0;
      return { spoke, parked };
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }

  /** Another replica holds the progress row, or has moved it, or the covered set is another one now. */
  async #overtaken(locked: Locked | undefined): Promise<undefined> {
    if (locked && !this.#at.follow(locked)) this.#inDoubt = true;
    await delay(Math.min(BUSY_MS[1], BUSY_MS[0] * 2 ** this.#second++));
    return undefined;
  }

  /** @param held the keys that have messages parked already @returns whether any message was parked */
  async #handleAll(
    unit: UnitOfWork,
    all: readonly StoredMessage[],
    held: Set<string>,
    isolate: boolean,
  ): Promise<boolean> {
    const { consumer } = this;
    const client = await unit.client();
    const [free, behind] = this.#sorted(all, held);
    // What is free comes first where it may be parked as well: it is the older one of its key.
    const failed = isolate && (await this.#handleEach(unit, free));
    await Promise.all(behind.map((message) => park(client, consumer.name, { message, dueInMs: 0 })));
    if (!isolate && free.length > 0) await consumer.handleBatch(free, unit);
    return failed || behind.length > 0;
  }

  /** What can be handled now, and what has to wait: for outside, its turn, or a version that knows its type. */
  #sorted(all: readonly StoredMessage[], held: Set<string>): [free: StoredMessage[], behind: StoredMessage[]] {
    const [free, behind]: [StoredMessage[], StoredMessage[]] = [[], []];
    for (const message of all) {
      const unknown = this.#isUnknown(message);
      const waits = unknown || this.consumer.external || (held.size > 0 && held.has(keyOf(message)));
      (waits ? behind : free).push(message);
      if (unknown) held.add(keyOf(message));
    }
    return [free, behind];
  }

  #isUnknown({ type }: StoredMessage): boolean {
    return !this.consumer.types.has(type);
  }

  /** @returns whether any message failed, and was parked with those that follow on it */
  async #handleEach(unit: UnitOfWork, messages: readonly StoredMessage[]): Promise<boolean> {
    const failed = new Set<string>();
    for (const message of messages) {
      const key = keyOf(message);
      if (failed.has(key)) await park(await unit.client(), this.consumer.name, { message, dueInMs: 0 });
      else if (!(await this.#survives(unit, message))) failed.add(key);
    }
    return failed.size > 0;
  }

  async #survives(unit: UnitOfWork, message: StoredMessage): Promise<boolean> {
    try {
      await unit.nested(async () => {
        await this.consumer.handle(message, unit);
        await unit.flush();
      });
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
