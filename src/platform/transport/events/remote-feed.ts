import { setTimeout as delay } from 'node:timers/promises';
import type { Feed, FeedFilter, FeedPage } from '../../delivery/feed/feed.js';
import { untilMoved } from '../../delivery/feed/feed.js';
import { fromCloudEvent } from './cloud-events.js';
import { Unavailable } from '../../messaging/errors.js';
import { PageSize } from './page-size.js';
import type { TransportHost } from './event-transport.js';
import type { SeamClient } from '../seam/seam-client.js';
import { PATHS, unanswered } from '../seam/wire.js';

/** How long one question after news is left open, in milliseconds: a look at a quiet producer is never much older. */
const OPEN_MS = 2000;
const READ_MS = 10_000;
const PAUSE_MS = 500;

/** Follows the watermark of one producer in another process, for all its consumers here: one open request. */
export class RemoteWatch {
  settled = 0;
  lookedAt = 0;
  readonly #listeners = new Set<() => void>();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    readonly client: SeamClient,
    private readonly onError: (error: unknown) => void,
  ) {}

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#running ??= this.#follow();
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    let told = false;
    while (!signal.aborted) {
      try {
        await this.#ask(signal);
        told = false;
      } catch (error) {
        if (!told && !signal.aborted) this.onError(error);
        told = true;
        await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { module } = this.client.peer;
    // While everything is known the answer waits for news; the first one comes at once.
    const wait = this.lookedAt === 0 ? 0 : OPEN_MS;
    const path = `${PATHS.feeds}/${module}/settled?after=${this.settled}&wait=${wait}`;
    const answer = await this.client.request('GET', path, '', wait + READ_MS, {}, signal);
    if (answer.status !== 200) throw unanswered(`the feed of ${module}`, answer);
    const { settled } = JSON.parse(answer.body.toString()) as { settled: number };
    this.lookedAt = Date.now();
    if (settled === this.settled) return;
    this.settled = settled;
    for (const listener of this.#listeners) listener();
  }
}

/** The feed of a producer in another process. No broker: its outbox is the durable log, and progress is kept here. */
export class RemoteFeed implements Feed {
  readonly #size = new PageSize();

  constructor(
    readonly producer: string,
    private readonly watch: RemoteWatch,
  ) {}

  lastLook(): { settled: number; at: number } {
    return { settled: this.watch.settled, at: this.watch.lookedAt };
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return untilMoved(this.watch, position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    const { timeoutMs, ...size } = this.#size.ask(limit);
    const query = new URLSearchParams({ after: `${after}`, limit: `${size.limit}`, bytes: `${size.bytes}` });
    for (const stream of filter.streams) query.append('stream', stream);
    for (const type of filter.types) query.append('type', type);
    const path = `${PATHS.feeds}/${this.producer}?${query.toString()}`;
    try {
      const page = await this.#ask(path, timeoutMs);
      this.#size.arrived();
      return page;
    } catch (error) {
      if (!(error instanceof Unavailable && error.reason === 'down')) this.#size.failed();
      throw error;
    }
  }

  async #ask(path: string, timeoutMs: number): Promise<FeedPage> {
    const answer = await this.watch.client.request('GET', path, '', timeoutMs);
    if (answer.status !== 200) throw unanswered(`the feed of ${this.producer}`, answer);
    const events = JSON.parse(answer.body.toString()) as unknown[];
    return { messages: events.map(fromCloudEvent), upTo: Number(answer.headers['x-feed-position']) };
  }
}

/** The outbox of a producer in another process, to read from only. */
export const outboxOf = ({ remotes }: Pick<TransportHost, 'remotes'>, producer: string): Pick<Feed, 'read'> =>
  new RemoteFeed(producer, new RemoteWatch(remotes.get(producer)!, () => undefined));
