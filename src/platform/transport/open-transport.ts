import type { EventsOptions, EventTransport, Sayings } from './event-transport.js';
import { HttpFeeds } from './http-feeds.js';
import { NatsTransport } from './nats/nats-transport.js';

/** The one place that knows every transport: the next one, such as Kafka, is a folder beside `nats/` and a line here. */
export function openTransport(process: Sayings, options: EventsOptions = { kind: 'feed' }): EventTransport {
  return options.kind === 'nats' ? new NatsTransport(process, options) : new HttpFeeds(process);
}
