import type { Feed, FeedFilter, FeedPage } from '../../delivery/feed/feed.js';
import { untilMoved } from '../../delivery/feed/feed.js';
import type { Logger } from '../../observability/logging.js';
import { subjectOf } from './broker.js';
import type { Envelope } from './envelope.js';
import { messageIn } from './envelope.js';
import type { StreamReader } from './stream-reader.js';
import type { StreamWatch } from './stream-watch.js';

/**
 * The feed of a producer in another process, read from its stream.
 *
 * Every message names the one before it. Where one is missing, because the stream's limits have taken it, it was too
 * large, or not signed by us, and where a replay goes back, the producer's outbox is asked instead: it is the log.
 */
export class NatsFeed implements Feed {
  readonly standsAlone = true;
  #told = false;

  constructor(
    readonly producer: string,
    private readonly watch: StreamWatch,
    private readonly reader: StreamReader,
    private readonly outbox: Pick<Feed, 'read'>,
    private readonly log: Logger,
  ) {}

  lastLook(): { settled: number; at: number } {
    return { settled: Math.max(this.watch.head, this.watch.settled), at: this.watch.lookedAt };
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return untilMoved(this.watch, position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    const { end } = this.watch;
    if (after >= end.last) return { messages: [], upTo: Math.max(after, end.settled) };
    const found = await this.reader.next(after, end.stream, limit);
    const run = unbroken(found.slice(0, limit), after);
    if (run.length === 0) return await this.#fromOutbox(after, filter, limit);
    this.#told = false;
    const upTo = run.at(-1)!.seq;
    const messages = run.filter(this.#wanted(filter)).map(messageIn);
    return { messages, upTo: upTo === end.last ? end.settled : upTo };
  }

  async #fromOutbox(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    if (!this.#told)
      this.log.info(
        { producer: this.producer, after },
        'not in the stream: reading it from the outbox of the producer',
      );
    this.#told = true;
    return await this.outbox.read(after, filter, limit);
  }

  #wanted({ streams, types }: FeedFilter): (envelope: Envelope) => boolean {
    const subjects = (type: string) => streams.map((stream) => subjectOf(this.producer, stream, type));
    if (types.length === 0) return ({ subject }) => subjects('').some((stream) => subject.startsWith(stream));
    const wanted = new Set(types.flatMap(subjects));
    return ({ subject }) => wanted.has(subject);
  }
}

/** The messages of which none is missing in between. */
function unbroken(envelopes: readonly Envelope[], after: number): Envelope[] {
  const run: Envelope[] = [];
  let reached = after;
  for (const envelope of envelopes) {
    if (envelope.after > reached) break;
    run.push(envelope);
    reached = envelope.seq;
  }
  return run;
}
