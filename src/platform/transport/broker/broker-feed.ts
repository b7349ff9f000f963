import type { Feed, FeedFilter, FeedPage } from '../../delivery/feed/feed.js';
import { untilMoved } from '../../delivery/feed/feed.js';
import type { Logger } from '../../observability/logging.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logged, LogReader, LogWatch } from './broker-log.js';

/** How the feed of a producer in another process is read from a broker. */
interface BrokerFeedParts<L extends Logged> {
  producer: string;
  watch: LogWatch;
  reader: LogReader<L>;
  /** The feed of the producer's own outbox, over the seam. */
  outbox: Pick<Feed, 'read'>;
  log: Logger;
  /** Whether a filter wants a message. */
  wanted(filter: FeedFilter): (logged: L) => boolean;
  messageIn(logged: L): StoredMessage;
}

/**
 * The feed of a producer in another process, read from its log at a broker.
 *
 * Every message names the one before it. Where one is missing, because the limits of the log have taken it, it was too
 * large, or not signed by us, and where a replay goes back, the producer's outbox is asked instead: it is the log.
 */
export class BrokerFeed<L extends Logged> implements Feed {
  readonly standsAlone = true;
  readonly producer: string;
  #told = false;

  constructor(private readonly parts: BrokerFeedParts<L>) {
    this.producer = parts.producer;
  }

  lastLook(): { settled: number; at: number } {
    const { head, settled, lookedAt } = this.parts.watch;
    return { settled: Math.max(head, settled), at: lookedAt };
  }

  wait(position: number, signal: AbortSignal): Promise<void> {
    return untilMoved(this.parts.watch, position, signal);
  }

  async read(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    const { watch, reader, outbox, wanted, messageIn } = this.parts;
    const { end } = watch;
    if (after >= end.last) {
      const reached = Math.max(after, end.settled);
      return watch.settled > reached ? await outbox.read(after, filter, limit) : { messages: [], upTo: reached };
    }
    const found = await reader.next(after, end.place, limit);
    const run = unbroken(found.slice(0, limit), after);
    if (run.length === 0) return await this.#fromOutbox(after, filter, limit);
    this.#told = false;
    const upTo = run.at(-1)!.seq;
    const messages = run.filter(wanted(filter)).map(messageIn);
    return { messages, upTo: upTo === end.last ? end.settled : upTo };
  }

  async #fromOutbox(after: number, filter: FeedFilter, limit: number): Promise<FeedPage> {
    const { producer, outbox, log } = this.parts;
    if (!this.#told) log.info({ producer, after }, 'not in the stream: reading it from the outbox of the producer');
    this.#told = true;
    return await outbox.read(after, filter, limit);
  }
}

/** The messages of which none is missing in between. */
function unbroken<L extends Logged>(logged: readonly L[], after: number): L[] {
  const run: L[] = [];
  let reached = after;
  for (const each of logged) {
    if (each.after > reached) break;
    run.push(each);
    reached = each.seq;
  }
  return run;
}
