import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from '@opentelemetry/api';
import { isConnectionFailure } from '../../connection/failures.js';
import type { Database } from '../../transaction/database.js';
import { allowIdle } from '../../connection/session/idle-timeout.js';
import { UnitOfWork } from '../../transaction/unit-of-work.js';
import type { How } from './batch.js';
import { Batch } from './batch.js';
import type { Consumer } from './consumer.js';
import { backoff } from './consumer.js';
import type { Selection } from '../checkpoint/coverage.js';
import type { Feed, FeedPage } from '../feed/feed.js';
import type { StoredMessage } from '../../transaction/message.js';
import { HandlerAborted } from '../../messaging/errors.js';
import { Held, heldOf } from './order.js';
import { releaseNext } from '../retry/parked.js';
import { ReadAhead } from '../feed/read-ahead.js';
import { isSampled } from '../../messaging/context/trace-context.js';
import { receiving } from '../../observability/seam-spans.js';
import { beginTrace } from '../../observability/spans.js';
import type { Locked } from '../checkpoint/progress.js';
import { setBack, takeProgress } from '../checkpoint/progress.js';
import { ReadingPosition } from '../checkpoint/reading-position.js';
import type { StartGuard } from '../checkpoint/start-guard.js';
import type { Share } from '../checkpoint/share.js';
import { notHandled, WHOLE, within } from '../checkpoint/share.js';
import type { Mark } from './unfinished.js';
import { markBegun, MAX_UNFINISHED, Unfinished } from './unfinished.js';

const BATCH = 500;
/** Progress over messages that are not ours is saved when it has come this far, so that retention can go on. */
const SAVE_EVERY = 1000;
/** Back-off after a lost race for the checkpoint row: initial and maximum. So replicas share the consumers. */
const LOST_RACE_BACKOFF_MS = [10, 160] as const;
const MAX_LINKS = 128;
/** After so many lost connections in a row at the same messages each is handled alone: one of them may be the cause. */
const MAX_LOST = 3;
/** How soon one that may not start looks again. */
const HELD_MS = 500;
/** How long a replica that does not know a message leaves it to those that may, before it sets it aside. */
const YIELD_MS = 200;

export interface LoopEvents {
  /** It turned out that a consumer is stored under another name than its own. @throws where that is another one's */
  renamed(consumer: Consumer, name: string): void;
  /** A batch committed; `published` when it wrote to the module's outbox, `parked` when messages wait in the work table. */
  committed(module: string, published: boolean, parked: Consumer | undefined): void;
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
  /** Consecutive lost races for the checkpoint row. */
  #lostRaces = 0;
  /** How often in a row the connection was lost, and where. */
  #lost = { position: -1, times: 0 };
  /** Whether a batch was handled to its end since the start: see `unfinished.ts`. */
  #proven = false;
  #signal = new AbortController().signal;
  readonly #pages: ReadAhead;
  readonly #at: ReadingPosition;
  readonly #batch: Batch;

  /** @param share the keys that are this loop's */
  constructor(
    private readonly consumer: Consumer,
    private readonly feed: Feed,
    selection: Selection,
    private readonly database: Database,
    private readonly events: LoopEvents,
    private readonly guard: Pick<StartGuard, 'admits' | 'distrust'>,
    private readonly share: Share = WHOLE,
  ) {
    this.#pages = new ReadAhead(feed, BATCH);
    this.#batch = new Batch(consumer, events.failed, () => this.#signal.aborted);
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

  /** Runs until `signal` aborts; a message that has begun is finished first, and what was done of its batch is kept. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake.abort(), { once: true });
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!(await this.guard.admits(this.producer, this.feed.standsAlone ?? false))) {
          await this.#holdBack(signal);
          continue;
        }
        if (!this.#started) await this.#at.load();
        this.#started = true;
        if (this.#inDoubt) await this.#reconcile();
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

  /** It may start as soon as somebody has seen to it, which is signalled, or as the producer answers. */
  async #holdBack(signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    if (signal.aborted) return;
    await delay(HELD_MS, undefined, { signal: this.#wake.signal }).catch(() => undefined);
    if (this.#started) this.#inDoubt = true;
  }

  /** What is in doubt while it is compared, or where it could not be, stays so. */
  async #reconcile(): Promise<void> {
    this.#inDoubt = false;
    await this.#reconcileNow().catch((error: unknown) => {
      this.#inDoubt = true;
      throw error;
    });
  }

  async #reconcileNow(): Promise<void> {
    if (await this.#at.wentBack()) {
      this.guard.distrust();
      if (!(await this.guard.admits(this.producer, false))) return void (this.#inDoubt = true);
    }
    await this.#at.compare();
  }

  /** If the loop was caught up before it waited, it was caught up until it woke: that is its freshness. */
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
    if (this.#lostRaces === 0) this.#pages.begin(all, filter);
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
    if (page.messages.some((message) => this.#batch.isUnknown(message))) await delay(YIELD_MS);
    const span = this.#beginSpan(page.messages);
    try {
      if (await this.#endedNobody(page)) await this.#together(page);
      else await this.#eachAlone(page);
    } finally {
      span?.end();
    }
  }

  /** Whether nothing says that a process has ended while it handled these messages. */
  async #endedNobody({ messages }: FeedPage): Promise<boolean> {
    if (this.#proven || this.consumer.external || messages.length === 0) return true;
    const mark = await markBegun(this.database.pool, this.#at.reader, this.#at.saved, 'batch');
    return !mark?.unfinished;
  }

  /** At once; where that fails with savepoints; and where that cannot be told apart, one after the other. */
  async #together(page: FeedPage): Promise<void> {
    try {
      const done = await this.#transact(page, 'together').catch(async (error: unknown) => {
        if (error instanceof HandlerAborted || isConnectionFailure(error)) throw error;
        return await this.#transact(page, 'isolated');
      });
      if (done) this.#proven = true;
    } catch (error) {
      if (this.#signal.aborted || this.#mayRecover(error)) throw error;
      await this.#eachAlone(page);
    }
  }

  /** Connections are lost to all now and then. Lost again and again at the same messages, one of these may be the cause. */
  #mayRecover(error: unknown): boolean {
    if (!isConnectionFailure(error)) return false;
    const { position, times } = this.#lost;
    this.#lost = { position: this.#at.saved, times: position === this.#at.saved ? times + 1 : 1 };
    return this.#lost.times < MAX_LOST;
  }

  /** Each in a transaction of its own, so that whatever it does to connection, transaction or process is its own doing. */
  async #eachAlone(page: FeedPage): Promise<void> {
    for (const message of page.messages) {
      if (this.#signal.aborted) return;
      const mark = await markBegun(this.database.pool, this.#at.reader, this.#at.saved, 'message');
      if (!(mark ? await this.#alone(message, mark) : await this.#holdOff())) return;
    }
    this.#at.read = page.upTo;
    this.#proven = true;
  }

  /** @returns `false` where another replica was at it */
  async #alone(message: StoredMessage, { times }: Mark): Promise<boolean> {
    const page = { messages: [message], upTo: message.seq };
    try {
      if (times > MAX_UNFINISHED) throw new Unfinished(message.type, message.id, times - 1);
      return await this.#transact(page, 'isolated');
    } catch (error) {
      if (this.#signal.aborted) throw error;
      // It is charged only where the database answers.
      return await this.#transact(page, { failedWith: error });
    }
  }

  /** Several messages in one transaction may be of several traces: it has one of its own, linked to theirs. */
  #beginSpan(messages: readonly StoredMessage[]): Span | undefined {
    const traces = messages.map(({ headers }) => headers.traceparent).filter(isSampled);
    if (messages.length === 1 || traces.length === 0) return undefined;
    const { name, module } = this.consumer;
    return beginTrace(undefined, () => receiving(name, module, traces.slice(0, MAX_LINKS), messages.length))?.span;
  }

  /** @returns `false` where another replica was at it, or it was over before anything was done */
  async #transact(page: FeedPage, how: How): Promise<boolean> {
    const { consumer, database } = this;
    const done = await database.deliver(() => this.#commit(page, how));
    if (!done) return await this.#holdOff();
    // It is committed: nothing that fails now may have the page handled again.
    const failed = (error: unknown) => this.events.failed(consumer.name, error);
    if (done.parked) await releaseNext(database.pool, consumer, page.messages).catch(failed);
    this.events.committed(database.module, done.published, done.parked ? consumer : undefined);
    return true;
  }

  /** @returns whether it published, and whether messages were parked; `undefined` where nothing was done */
  async #commit(page: FeedPage, how: How): Promise<{ published: boolean; parked: boolean } | undefined> {
    const { consumer, database } = this;
    const unit = new UnitOfWork(database.module, database.dataSource);
    try {
      const client = await unit.client();
      allowIdle(client, consumer.timeoutMs);
      const { saved: position, coverage, reader } = this.#at;
      const locked = await takeProgress(client, reader, { position, coverage }, page.upTo);
      if (!locked || !this.#at.agrees(locked)) {
        await unit.rollback();
        return this.#lostLock(locked);
      }
      const messages = notHandled(locked.passed, page.messages);
      const behind = locked.parked && !consumer.external;
      const held = behind ? await heldOf(client, consumer, messages) : new Held(consumer);
      const { upTo, parked } = await this.#batch.handleAll(unit, messages, page.upTo, held, how);
      // Not awaited: if it fails, so does the commit that follows it on the same connection.
      if (upTo < page.upTo) setBack(client, reader, upTo, locked).catch(() => undefined);
      const published = await unit.commit();
      this.#at.committed(upTo);
      this.#lostRaces = 0;
      return { published, parked };
    } catch (error) {
      await unit.rollback();
      throw unit.blame(error);
    }
  }

  /** Another replica holds the progress row, or has moved it, or the covered set is another one now. */
  #lostLock(locked: Locked | undefined): undefined {
    if (locked && !this.#at.follow(locked)) this.#inDoubt = true;
  }

  /** Leaves it to the other replica for a while. */
  async #holdOff(): Promise<false> {
    await delay(Math.min(LOST_RACE_BACKOFF_MS[1], LOST_RACE_BACKOFF_MS[0] * 2 ** this.#lostRaces++));
    return false;
  }
}
