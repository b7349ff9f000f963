import type { Feed } from '../../delivery/feed/feed.js';
import { BrokerFeed } from '../broker/broker-feed.js';
import { OutboxPublisher } from '../broker/outbox-publisher.js';
import { forgetPublishers } from '../broker/publisher-progress.js';
import type { EventTransport, TransportHost } from '../events/event-transport.js';
import { reportReaders } from '../events/reader-reports.js';
import { outboxOf } from '../events/remote-feed.js';
import { Broker } from './broker.js';
import { Envelopes, messageIn, wanted } from './envelope.js';
import { StreamLog } from './stream-log.js';
import { StreamReader } from './stream-reader.js';
import { StreamWatch } from './stream-watch.js';

/** `EVENTS=nats`: every producer has a stream in JetStream, filled from its outbox. Works with NATS 2.9 and later. */
export class NatsTransport implements EventTransport {
  readonly #envelopes: Envelopes;
  readonly #abort = new AbortController();
  readonly #watches = new Map<string, StreamWatch>();
  #publishers: OutboxPublisher[] = [];
  #running: Promise<void>[] = [];
  #broker: Broker | undefined;

  constructor(
    private readonly process: TransportHost,
    private readonly options: { url: string; secret: string; otherSecret?: string | undefined },
  ) {
    this.#envelopes = new Envelopes(options.secret, options.otherSecret);
  }

  async connect(): Promise<void> {
    const { databases, log, remotes } = this.process;
    this.#broker = await Broker.open(this.options.url, log);
    const broker = this.#broker;
    this.#publishers = databases.map((database) => {
      const { feed } = this.process.feedOf(database.module);
      const stream = new StreamLog(database.module, broker, this.#envelopes, log);
      return new OutboxPublisher(feed, database, stream, log);
    });
    for (const publisher of this.#publishers) await publisher.prepare();
    await Promise.all(databases.map((database) => forgetPublishers(database, 'nats')));
    for (const producer of remotes.keys())
      this.#watches.set(producer, new StreamWatch(producer, broker, this.#envelopes, log));
  }

  start(): void {
    const { signal } = this.#abort;
    this.#running = [...this.#publishers, ...this.#watches.values()].map((each) => each.run(signal));
    this.#running.push(reportReaders(this.process, signal));
  }

  feed(producer: string, consumer: string): Feed {
    const reader = new StreamReader(this.#broker!, producer, consumer, this.#envelopes);
    const { log } = this.process;
    const watch = this.#watches.get(producer)!;
    const outbox = outboxOf(this.process, producer);
    return new BrokerFeed({ producer, watch, reader, outbox, log, wanted: wanted(producer), messageIn });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
    await this.#broker?.close();
  }
}
