import type { Consumer, Producer } from '@platformatic/kafka';
import type { Feed } from '../../delivery/feed/feed.js';
import { BrokerFeed } from '../broker/broker-feed.js';
import { OutboxPublisher } from '../broker/outbox-publisher.js';
import { forgetPublishers } from '../broker/publisher-progress.js';
import type { EventTransport, KafkaOptions, TransportHost } from '../events/event-transport.js';
import { reportReaders } from '../events/reader-reports.js';
import { outboxOf, RemoteWatch } from '../events/remote-feed.js';
import { Envelopes, messageIn, wanted } from './envelope.js';
import { Kafka } from './kafka.js';
import type { Link } from './link.js';
import { Topic } from './topic.js';
import { TopicLog } from './topic-log.js';
import { TopicReader } from './topic-reader.js';
import { TopicWatch } from './topic-watch.js';

/** `EVENTS=kafka`: every producer has a topic of one partition, filled from its outbox. Works with Kafka 3.5 and later. */
export class KafkaTransport implements EventTransport {
  readonly #kafka: Kafka;
  readonly #envelopes: Envelopes;
  readonly #abort = new AbortController();
  readonly #watches = new Map<string, TopicWatch>();
  readonly #links: Link<Consumer | Producer>[] = [];
  /** Shared by all who do not wait for anything. */
  readonly #reading: Link<Consumer>;
  #publishers: OutboxPublisher[] = [];
  #running: Promise<void>[] = [];

  constructor(
    private readonly process: TransportHost,
    options: KafkaOptions,
  ) {
    this.#kafka = new Kafka(options);
    this.#envelopes = new Envelopes(options.secret, options.otherSecret);
    this.#reading = this.#kept(this.#kafka.consumer());
  }

  async connect(): Promise<void> {
    const { databases, log, remotes } = this.process;
    await this.#kafka.ping();
    this.#publishers = databases.map((database) => {
      const { module } = database;
      const producer = this.#kept(this.#kafka.producer());
      const topic = new TopicLog(module, this.#kafka, this.#topic(module), producer, this.#envelopes, log);
      return new OutboxPublisher(this.process.feedOf(module).feed, database, topic, log);
    });
    for (const publisher of this.#publishers) await publisher.prepare();
    await Promise.all(databases.map((database) => forgetPublishers(database, 'kafka')));
    for (const [producer, client] of remotes) {
      // A connection of its own: while a poll waits, the broker answers nothing else on it.
      const topic = this.#topic(producer, this.#kept(this.#kafka.consumer()));
      this.#watches.set(producer, new TopicWatch(topic, new RemoteWatch(client, () => undefined), log));
    }
  }

  start(): void {
    const { signal } = this.#abort;
    this.#running = [...this.#publishers, ...this.#watches.values()].map((each) => each.run(signal));
    this.#running.push(reportReaders(this.process, signal));
  }

  feed(producer: string): Feed {
    const { log } = this.process;
    const watch = this.#watches.get(producer)!;
    const reader = new TopicReader(this.#topic(producer));
    return new BrokerFeed({
      producer,
      watch,
      reader,
      outbox: outboxOf(this.process, producer),
      log,
      wanted,
      messageIn,
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
    for (const link of [this.#kafka, ...this.#links]) link.close();
  }

  #topic(module: string, link = this.#reading): Topic {
    return new Topic(this.#kafka.topicOf(module), link, this.#envelopes);
  }

  #kept<L extends Link<Consumer> | Link<Producer>>(link: L): L {
    this.#links.push(link);
    return link;
  }
}
