import type { Events, OwnBroker } from '../../src/tools/rehearse/brokers.js';
import { startKafka } from './kafka-broker.js';
import { startBroker } from './nats-server.js';

/** The broker that a way needs, the test's own; it ends with the file of tests. */
export async function startBrokerFor(events: Events): Promise<OwnBroker | undefined> {
  if (events === 'feed') return undefined;
  return events === 'nats' ? await startBroker() : await startKafka();
}
