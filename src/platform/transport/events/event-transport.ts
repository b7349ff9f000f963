import type { Feed } from '../../delivery/feed/feed.js';
import type { OutboxWatch } from '../../delivery/feed/outbox-watch.js';
import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import type { SeamClient } from '../seam/seam-client.js';

/** How the messages of modules reach other processes: `EVENTS`. */
export type EventsOptions =
  { kind: 'feed' } | { kind: 'nats'; url: string; secret: string; otherSecret?: string | undefined };

/**
 * Carries what modules say between processes. A consumer reads it as the {@link Feed} of the producer, and keeps its own
 * progress: whatever a transport repeats has no second effect.
 */
export interface EventTransport {
  /** Gets in touch, before anything else. @throws BrokerUnusable when that cannot be done */
  connect(): Promise<void>;
  /** Begins to hand out what the modules of this process say. */
  start(): void;
  /** What a producer in another process says, for one consumer: its name is `module.name`. */
  feed(producer: string, consumer: string): Feed;
  stop(): Promise<void>;
}

/** What a transport needs of the process that it works for. */
export interface TransportHost {
  readonly remotes: ReadonlyMap<string, SeamClient>;
  readonly databases: readonly Database[];
  readonly log: Logger;
  /** The outbox of a module that runs here. */
  feedOf(module: string): { feed: Feed; watch: OutboxWatch };
}
