import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { createInbox, nuid } from '@nats-io/transport-node';
import { MAX_PAGE_BYTES } from '../../delivery/feed/feed.js';
import { MAX_MESSAGE_BYTES } from '../../messaging/plain/limits.js';
import type { LogReader } from '../broker/broker-log.js';
import type { Broker } from './broker.js';
import { streamOf, subjectsOf } from './broker.js';
import type { Envelope, Envelopes } from './envelope.js';
import { seqOf } from './envelope.js';

const PULL_MS = 5000;
/** A page of a feed, and room for one message with its headers in any case. */
const MAX_PULL_BYTES = MAX_PAGE_BYTES + 2 * MAX_MESSAGE_BYTES;
const NO_MORE = new Set([404, 408]);
const TOO_MANY_BYTES = 409;
const IDLE_NS = 300_000_000_000;

/**
 * Reads one stream like a log, for one consumer: from any number of the outbox on, forward, through a pull consumer that
 * acknowledges nothing, since what counts is the progress that commits with the effects.
 */
export class StreamReader implements LogReader<Envelope> {
  /** Everything after this number is in the buffer, or ahead of the cursor. */
  #from: number | undefined;
  #buffer: Envelope[] = [];
  /** The last number of the stream that was read. */
  #cursor = 0;
  #puller: string | undefined;

  /** @param name of the consumer; shown by the broker */
  constructor(
    private readonly broker: Broker,
    private readonly producer: string,
    private readonly name: string,
    private readonly envelopes: Envelopes,
  ) {}

  async next(after: number, end: number, limit: number): Promise<readonly Envelope[]> {
    if (this.#from === undefined || after < this.#from || end < this.#cursor) await this.#seek(after);
    this.#from = after;
    this.#buffer = this.#buffer.filter(({ seq }) => seq > after);
    while (this.#buffer.length === 0 && this.#cursor < end) {
      const read = await this.#pull(Math.min(limit, end - this.#cursor));
      this.#buffer = read.filter(({ seq }) => seq > after);
      if (this.#buffer.length === 0) await this.#seek(after);
    }
    return this.#buffer;
  }

  /** Puts the cursor before the first message after `after`: the stream has the order of the outbox. */
  async #seek(after: number): Promise<void> {
    const { state } = await this.broker.manager.streams.info(streamOf(this.producer));
    let [low, high] = [state.first_seq, state.last_seq + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = await this.#at(middle);
      if (!found || found.seq > after) high = middle;
      else low = found.stream + 1;
    }
    this.#buffer = [];
    this.#cursor = low - 1;
    this.#puller = undefined;
  }

  /** The first message at or behind a number of the stream; some may be missing. */
  async #at(stream: number): Promise<{ seq: number; stream: number } | undefined> {
    const query = { seq: stream, next_by_subj: subjectsOf(this.producer) };
    const found = await this.broker.manager.streams.getMessage(streamOf(this.producer), query);
    return found ? { seq: seqOf(found.header.get('Nats-Msg-Id')), stream: found.seq } : undefined;
  }

  /** What was on its way when this fails is asked for again. */
  async #pull(count: number): Promise<Envelope[]> {
    try {
      this.#puller ??= await this.#createPuller();
      const messages = await this.#request(this.#puller, count);
      this.#cursor = Math.max(this.#cursor, ...messages.map(streamSeq));
      return messages.map((message) => this.envelopes.open(message)).filter((envelope) => envelope !== undefined);
    } catch (error) {
      this.#puller = undefined;
      throw error;
    }
  }

  async #createPuller(): Promise<string> {
    const { name } = await this.broker.manager.consumers.add(streamOf(this.producer), {
      name: `${this.name.replaceAll('.', '_')}-${nuid.next()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#cursor + 1,
      inactive_threshold: IDLE_NS,
      mem_storage: true,
      num_replicas: 1,
    });
    return name;
  }

  /**
   * One request of the pull protocol: it ends with the last message that was asked for, or a status when there are fewer.
   * The client's own `fetch` never ends when the broker dies meanwhile.
   */
  async #request(puller: string, batch: number): Promise<Msg[]> {
    const { connection } = this.broker;
    const messages: Msg[] = [];
    const inbox = createInbox();
    const subscription = connection.subscribe(inbox, { timeout: PULL_MS });
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${streamOf(this.producer)}.${puller}`;
    connection.publish(subject, JSON.stringify({ batch, no_wait: true, max_bytes: MAX_PULL_BYTES }), { reply: inbox });
    for await (const message of subscription) {
      if (message.headers?.code) {
        if (NO_MORE.has(message.headers.code) || (message.headers.code === TOO_MANY_BYTES && messages.length > 0))
          break;
        throw new Error(`NATS does not serve the stream: ${message.headers.code} ${message.headers.description}`);
      }
      if (messages.push(message) === batch) break;
    }
    return messages;
  }
}

/** The number in the stream stands in the subject of the acknowledgement, behind names and how often it was delivered. */
function streamSeq({ reply = '' }: Msg): number {
  const parts = reply.split('.');
  return Number(parts.length >= 12 ? parts[7] : parts[5]);
}
