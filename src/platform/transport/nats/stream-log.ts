import type { PubAck } from '@nats-io/jetstream';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logger } from '../../observability/logging.js';
import type { BrokerLog, LastLogged, LogEnd } from '../broker/broker-log.js';
import { publisherOf } from '../broker/publisher-progress.js';
import type { Broker } from './broker.js';
import { heartbeatSubject, streamOf } from './broker.js';
import type { Envelopes, Sealed } from './envelope.js';
import { endOf } from './stream-end.js';

const ACK_MS = 5000;
/** The broker counts headers and subject as well. */
const OVERHEAD = 1024;

/**
 * The stream of a module. Each message is accepted only right behind the one before it: late or repeated attempts, and
 * those of another replica, change nothing.
 */
export class StreamLog implements BrokerLog {
  readonly broker = 'NATS';
  readonly publisher: string;
  readonly mixedUp: string;

  constructor(
    private readonly module: string,
    private readonly connected: Broker,
    private readonly envelopes: Envelopes,
    private readonly log: Logger,
  ) {
    this.publisher = publisherOf(module, 'nats');
    const stream = streamOf(module);
    this.mixedUp = `The stream ${stream} holds messages of another database. Give each installation a NATS account of its own, or remove it: nats stream rm ${stream}`;
  }

  async prepare(): Promise<void> {
    await this.connected.ensureStream(this.module);
  }

  async lastLogged(): Promise<LastLogged> {
    return await endOf(this.connected, this.module, this.envelopes);
  }

  async append(messages: readonly StoredMessage[], from: { last: number; place: number }): Promise<number> {
    const batch = this.#sealAll(messages, from.last);
    const sent = await Promise.allSettled(batch.map((sealed, n) => this.#send(sealed, from.place + n)));
    const acks = sent.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (acks.some(({ duplicate }) => duplicate)) return await this.#repeat(batch);
    for (const result of sent) if (result.status === 'rejected') throw result.reason;
    return from.place + batch.length;
  }

  tell({ settled, last, place }: LogEnd, head: number): void {
    const { connection } = this.connected;
    if (connection.isClosed()) return;
    const subject = heartbeatSubject(this.module);
    connection.publish(subject, this.envelopes.sealHeartbeat(subject, { settled, last, stream: place, head }));
  }

  /** Somebody has put a copy of an old message at the end of the stream: the broker knows which of these it has. */
  async #repeat(batch: readonly Sealed[]): Promise<number> {
    await Promise.all(batch.map((sealed) => this.#send(sealed)));
    return (await this.lastLogged()).place;
  }

  /** @param behind the message is refused unless it comes right behind this one of the stream */
  #send({ subject, body, id, headers }: Sealed, behind?: number): Promise<PubAck> {
    const expect = behind === undefined ? {} : { lastSequence: behind };
    return this.connected.publisher.publish(subject, body, { msgID: id, headers, expect, timeout: ACK_MS });
  }

  #sealAll(messages: readonly StoredMessage[], behind: number): Sealed[] {
    const before = [behind, ...messages.map(({ seq }) => seq)];
    const sealed = messages.map((message, n) => this.envelopes.seal(message, before[n]!));
    return sealed.filter((each, n) => !this.#tooLarge(messages[n]!, each.body));
  }

  #tooLarge({ id, type }: StoredMessage, body: string): boolean {
    const most = (this.connected.connection.info?.max_payload ?? Infinity) - OVERHEAD;
    const tooLarge = Buffer.byteLength(body) > most;
    if (tooLarge) this.log.warn({ id, type, most }, 'too large for NATS: its consumers read it from the outbox');
    return tooLarge;
  }
}
