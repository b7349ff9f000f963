import type { Feed } from '../../delivery/feed/feed.js';
import type { OutboxWatch } from '../../delivery/feed/outbox-watch.js';
import type { Logger } from '../../observability/logging.js';
import type { Database } from '../../transaction/database.js';
import type { SeamClient } from '../seam/seam-client.js';

/** How the messages of modules reach other processes: `EVENTS`. */
export type EventsOptions =
  { kind: 'feed' } | ({ kind: 'nats'; url: string } & Secrets) | ({ kind: 'kafka' } & KafkaOptions);

/** Of the seam. What goes to a broker is signed with them. */
interface Secrets {
  secret: string;
  otherSecret?: string | undefined;
}

/** How Kafka is reached. */
export interface KafkaOptions extends Secrets {
  /** `host:port` of some of the brokers. */
  brokers: readonly string[];
  /** What the names of topics begin with. */
  topicPrefix: string;
  /** PEM texts. Without any, the certificates that this machine trusts count. */
  tls?: { ca?: string; cert?: string; key?: string };
  sasl?: { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string };
}

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
