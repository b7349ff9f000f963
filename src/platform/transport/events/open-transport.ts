import type { EventsOptions, EventTransport, TransportHost } from './event-transport.js';
import { HttpFeeds } from './http-feeds.js';

/**
 * The one place that knows every transport: the next one, such as Kafka, is a folder beside `nats/` and a line here.
 * What speaks to a broker is loaded only where there is one.
 */
export async function openTransport(
  process: TransportHost,
  options: EventsOptions = { kind: 'feed' },
): Promise<EventTransport> {
  if (options.kind === 'feed') return new HttpFeeds(process);
  const { NatsTransport } = await import('../nats/nats-transport.js');
  return new NatsTransport(process, options);
}
