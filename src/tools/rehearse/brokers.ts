import { Broker } from './broker.js';
import { KafkaBroker } from './kafka-broker.js';

/** How events go from process to process: `EVENTS`. */
export const EVENTS = ['feed', 'nats', 'kafka'] as const;
export type Events = (typeof EVENTS)[number];

/** A broker of one's own, whose files outlive it. */
export interface OwnBroker {
  /** The variables by which processes use it. */
  readonly env: Readonly<Record<string, string>>;
  start(): Promise<void>;
  /** As a crash would. */
  kill(): Promise<void>;
}

/**
 * The broker that a way needs; it does not run yet.
 *
 * @param folder where it keeps its data
 * @throws Error that says how to install what is missing
 */
export async function brokerFor(events: Events, folder: string): Promise<OwnBroker | undefined> {
  if (events === 'feed') return undefined;
  return events === 'nats' ? await Broker.at(folder) : await KafkaBroker.at(folder);
}
