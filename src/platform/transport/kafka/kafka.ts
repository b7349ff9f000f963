import type { BaseOptions } from '@platformatic/kafka';
import { Admin, Consumer, GenericError, Producer } from '@platformatic/kafka';
import type { KafkaOptions } from '../events/event-transport.js';
import { BrokerUnusable } from '../broker/broker-unusable.js';
import { Link } from './link.js';

const CONNECT_MS = 5000;
/** A topic has the order of one outbox. */
const PARTITIONS = 1;
/** As many as the cluster has for topics of which nobody says. */
const REPLICAS = -1;

/**
 * What a topic keeps at most. What has gone from it is still in the producer's outbox, and is read there. Every event
 * counts, not only the last one of its key: nothing is compacted.
 */
const SETTINGS = {
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * 86_400_000),
  'retention.bytes': String(1024 ** 3),
  'max.message.bytes': String(4 * 1024 ** 2),
};

/** The clients of one process. They connect when they are used, and again after every failure. */
export class Kafka {
  readonly #options: BaseOptions;
  readonly #admin: Link<Admin>;

  constructor(private readonly options: KafkaOptions) {
    const { brokers, tls, sasl } = options;
    this.#options = {
      clientId: 'liftout',
      bootstrapBrokers: [...brokers],
      connectTimeout: CONNECT_MS,
      retries: false,
      autocreateTopics: false,
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    };
    this.#admin = new Link(() => new Admin(this.#options));
  }

  topicOf(module: string): string {
    return `${this.options.topicPrefix}.${module}`;
  }

  /** It joins no group: positions are kept by who reads. */
  consumer(): Link<Consumer> {
    return new Link(() => new Consumer({ ...this.#options, groupId: 'liftout' }));
  }

  /** The broker takes each batch once, however often it is sent. */
  producer(): Link<Producer> {
    return new Link(() => new Producer({ ...this.#options, idempotent: true }));
  }

  /** @throws BrokerUnusable when nobody answers there, or nobody lets us in */
  async ping(): Promise<void> {
    await this.#admin
      .use((admin) => admin.metadata({ topics: [] }))
      .catch((error: unknown) => {
        throw new BrokerUnusable(
          `Kafka does not answer at KAFKA_BROKERS (${reasonOf(error)}). Start it, or correct KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL.`,
        );
      });
  }

  /**
   * Makes the topic of a producer unless there is one: whoever wants other limits or replicas makes it beforehand.
   * @throws BrokerUnusable when the broker refuses it, or the one that is there has more partitions than one
   */
  async ensureTopic(module: string): Promise<void> {
    const topic = this.topicOf(module);
    const partitions = (await this.#partitionsOf(topic)) ?? (await this.#make(topic));
    if (partitions === PARTITIONS) return;
    throw new BrokerUnusable(
      `The topic ${topic} has ${partitions} partitions, and no order between them: expected 1. Remove it, and it is made with one; or set KAFKA_TOPIC_PREFIX to another name.`,
    );
  }

  close(): void {
    this.#admin.close();
  }

  /** @returns how many partitions a topic has; `undefined` when there is none of that name */
  async #partitionsOf(topic: string): Promise<number | undefined> {
    return await this.#admin.use(async (admin) => {
      try {
        const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
        return topics.get(topic)?.partitionsCount;
      } catch (error) {
        if (isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined;
        throw error;
      }
    });
  }

  /** Another process may be faster. */
  async #make(topic: string): Promise<number> {
    const configs = Object.entries(SETTINGS).map(([name, value]) => ({ name, value }));
    const options = { topics: [topic], partitions: PARTITIONS, replicas: REPLICAS, configs };
    // With a client of its own: one that makes two topics at a time makes only the first, and says that both are there.
    const making = new Link(() => new Admin(this.#options));
    await making.use(async (admin) => {
      await admin.createTopics(options).catch((error: unknown) => {
        if (!isKafkaError(error, 'TOPIC_ALREADY_EXISTS'))
          throw new BrokerUnusable(`Kafka refuses the topic ${topic}: ${reasonOf(error)}.`);
      });
    });
    making.close();
    return PARTITIONS;
  }
}

/** Whether an answer of Kafka has, somewhere within, an error of this name. */
export const isKafkaError = (error: unknown, name: string) =>
  error instanceof Error && 'findBy' in error && (error as GenericError).findBy('apiId', name) !== null;

/** What is innermost says it best. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) return error.cause === undefined ? error.message : reasonOf(error.cause);
  return String(error);
}
