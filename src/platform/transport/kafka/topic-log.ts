import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from '@platformatic/kafka';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logger } from '../../observability/logging.js';
import type { BrokerLog, LastLogged } from '../broker/broker-log.js';
import { BrokerUnusable } from '../broker/broker-unusable.js';
import { publisherOf } from '../broker/publisher-progress.js';
import type { Envelopes, Sealed } from './envelope.js';
import type { Kafka } from './kafka.js';
import { isKafkaError, reasonOf } from './kafka.js';
import type { Link } from './link.js';
import type { Topic } from './topic.js';

/** Of a batch, in bytes: below what a cluster takes that nobody has asked for more. */
const BATCH_BYTES = 900_000;

const LEADERLESS_MS = 10_000;
const PAUSE_MS = 250;

type Batch = { sealed: Sealed; message: StoredMessage }[];

/**
 * The topic of a module. What a publisher that lost its lock still sends may come behind what followed: readers pass what
 * they have had.
 */
export class TopicLog implements BrokerLog {
  readonly broker = 'Kafka';
  readonly publisher: string;
  readonly mixedUp: string;

  constructor(
    private readonly module: string,
    private readonly kafka: Kafka,
    private readonly topic: Topic,
    private readonly producer: Link<Producer>,
    private readonly envelopes: Envelopes,
    private readonly log: Logger,
  ) {
    this.publisher = publisherOf(module, 'kafka');
    this.mixedUp = `The topic ${topic.name} holds messages of another database. Give each installation a KAFKA_TOPIC_PREFIX of its own, or remove the topic.`;
  }

  async prepare(): Promise<void> {
    await this.kafka.ensureTopic(this.module);
  }

  async lastLogged(): Promise<LastLogged> {
    return await patiently(() => this.topic.lastLogged());
  }

  async append(messages: readonly StoredMessage[], from: { last: number; place: number }): Promise<number> {
    let { last, place } = from;
    let batch: Batch = [];
    let bytes = 0;
    for (const message of messages) {
      const sealed = this.envelopes.seal(this.topic.name, message, last);
      const size = sizeOf(sealed);
      if (batch.length > 0 && bytes + size > BATCH_BYTES) {
        place = await this.#send(batch, place);
        [batch, bytes] = [[], 0];
      }
      batch.push({ sealed, message });
      bytes += size;
      last = message.seq;
    }
    return batch.length > 0 ? await this.#send(batch, place) : place;
  }

  /** @returns the offset behind the batch */
  async #send(batch: Batch, place: number): Promise<number> {
    const messages = batch.map(({ sealed }) => ({ topic: this.topic.name, partition: 0, ...sealed }));
    const offset = await this.producer.use(async (producer) => {
      try {
        return Number((await producer.send({ messages })).offsets![0]!.offset);
      } catch (error) {
        if (isKafkaError(error, 'MESSAGE_TOO_LARGE')) return undefined;
        throw error;
      }
    });
    if (offset !== undefined) return offset + batch.length;
    if (batch.length === 1) return this.#leftOut(batch[0]!.message, place);
    const half = Math.ceil(batch.length / 2);
    return await this.#send(batch.slice(half), await this.#send(batch.slice(0, half), place));
  }

  #leftOut({ id, type }: StoredMessage, place: number): number {
    this.log.warn({ id, type, topic: this.topic.name }, 'too large for Kafka: its consumers read it from the outbox');
    return place;
  }
}

/** A topic that was just made, or moved, may have no leader for a moment, or one that does not know its end yet. */
async function patiently<T>(look: () => Promise<T>): Promise<T> {
  const until = performance.now() + LEADERLESS_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > until)
        throw new BrokerUnusable(`Kafka does not say where a topic ends: ${reasonOf(error)}.`);
      await delay(PAUSE_MS);
    }
  }
}

function sizeOf({ key, headers, value }: Sealed): number {
  return [key, value, ...headers.keys(), ...headers.values()].reduce((sum, { length }) => sum + length + 4, 0);
}
