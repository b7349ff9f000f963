import { BrokerUnusable } from '../broker/broker-unusable.js';
import type { EventsOptions, EventTransport, TransportHost } from './event-transport.js';
import { HttpFeeds } from './http-feeds.js';

/**
 * The one place that knows every transport: the next one is a folder beside `nats/` and a line here.
 * What speaks to a broker is loaded only where there is one.
 */
export async function openTransport(
  process: TransportHost,
  options: EventsOptions = { kind: 'feed' },
): Promise<EventTransport> {
  if (options.kind === 'feed') return new HttpFeeds(process);
  if (options.kind === 'kafka') {
    const { KafkaTransport } = await import('../kafka/kafka-transport.js').catch(explain);
    return new KafkaTransport(process, options);
  }
  const { NatsTransport } = await import('../nats/nats-transport.js');
  return new NatsTransport(process, options);
}

/** Its client is installed only where somebody wants it: see package.json. */
function explain(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new BrokerUnusable(
    'EVENTS=kafka needs the package @platformatic/kafka, which is not installed here. Have it in the image: npm install --save-prod @platformatic/kafka',
  );
}
