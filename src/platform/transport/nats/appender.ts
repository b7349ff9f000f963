import type { PubAck } from '@nats-io/jetstream';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logger } from '../../observability/logging.js';
import type { Broker } from './broker.js';
import type { Envelopes, Sealed } from './envelope.js';
import { endOf } from './stream-end.js';

const ACK_MS = 5000;
/** The broker counts headers and subject as well. */
const OVERHEAD = 1024;

/** Puts messages at the end of a stream: each once, and right behind the one before it. */
export class Appender {
  constructor(
    private readonly module: string,
    private readonly broker: Broker,
    private readonly envelopes: Envelopes,
    private readonly log: Logger,
  ) {}

  /**
   * @param from the last message before them in the outbox, and the end of the stream
   * @returns the end of the stream when everything is acknowledged
   * @throws when anything is not
   */
  async append(messages: readonly StoredMessage[], from: { last: number; stream: number }): Promise<number> {
    const batch = this.#sealAll(messages, from.last);
    const sent = await Promise.allSettled(batch.map((sealed, n) => this.#send(sealed, from.stream + n)));
    const acks = sent.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (acks.some(({ duplicate }) => duplicate)) return await this.#repeat(batch);
    for (const result of sent) if (result.status === 'rejected') throw result.reason;
    return from.stream + batch.length;
  }

  /** Somebody has put a copy of an old message at the end of the stream: the broker knows which of these it has. */
  async #repeat(batch: readonly Sealed[]): Promise<number> {
    await Promise.all(batch.map((sealed) => this.#send(sealed)));
    return (await endOf(this.broker, this.module, this.envelopes)).stream;
  }

  /** @param behind the message is refused unless it comes right behind this one of the stream */
  #send({ subject, body, id, headers }: Sealed, behind?: number): Promise<PubAck> {
    const expect = behind === undefined ? {} : { lastSequence: behind };
    return this.broker.publisher.publish(subject, body, { msgID: id, headers, expect, timeout: ACK_MS });
  }

  #sealAll(messages: readonly StoredMessage[], behind: number): Sealed[] {
    const before = [behind, ...messages.map(({ seq }) => seq)];
    const sealed = messages.map((message, n) => this.envelopes.seal(message, before[n]!));
    return sealed.filter((each, n) => !this.#tooLarge(messages[n]!, each.body));
  }

  #tooLarge({ id, type }: StoredMessage, body: string): boolean {
    const most = (this.broker.connection.info?.max_payload ?? Infinity) - OVERHEAD;
    const tooLarge = Buffer.byteLength(body) > most;
    if (tooLarge) this.log.warn({ id, type, most }, 'too large for NATS: its consumers read it from the outbox');
    return tooLarge;
  }
}
