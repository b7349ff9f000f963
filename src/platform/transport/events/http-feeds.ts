import type { Feed } from '../../delivery/feed/feed.js';
import type { EventTransport, TransportHost } from './event-transport.js';
import { forgetPublishers } from '../broker/publisher-progress.js';
import { reportReaders } from './reader-reports.js';
import { RemoteFeed, RemoteWatch } from './remote-feed.js';
import type { SeamClient } from '../seam/seam-client.js';

/** `EVENTS=feed`: every consumer reads the producer's outbox over the seam. */
export class HttpFeeds implements EventTransport {
  readonly #watches: ReadonlyMap<string, RemoteWatch>;
  readonly #abort = new AbortController();
  #reporting: Promise<void> | undefined;

  constructor(private readonly process: TransportHost) {
    this.#watches = new Map([...process.remotes].map(([name, client]) => [name, this.#follow(client)]));
  }

  /** Of a broker that was used before, nobody has to wait for any more. */
  async connect(): Promise<void> {
    await Promise.all(this.process.databases.map((database) => forgetPublishers(database)));
  }

  start(): void {
    this.#reporting = reportReaders(this.process, this.#abort.signal);
  }

  feed(producer: string): Feed {
    return new RemoteFeed(producer, this.#watches.get(producer)!);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#reporting;
    await Promise.all([...this.#watches.values()].map((watch) => watch.stop()));
  }

  #follow(client: SeamClient): RemoteWatch {
    return new RemoteWatch(client, (err) =>
      this.process.log.warn({ err, producer: client.peer.module }, "cannot read the producer's feed"),
    );
  }
}
