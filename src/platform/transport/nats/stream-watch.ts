import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../observability/logging.js';
import type { LogEnd, LogWatch } from '../broker/broker-log.js';
import type { Broker } from './broker.js';
import { isMissing, heartbeatSubject } from './broker.js';
import type { Envelopes } from './envelope.js';
import { endOf } from './stream-end.js';

const LOOK_MS = 1000;
/** A producer that is silent for so long may be down: what lies in its stream is read all the same. */
const SILENT_MS = 3000;

/** Follows how far the stream of one producer in another process goes, for all its consumers here. */
export class StreamWatch implements LogWatch {
  end: LogEnd = { settled: 0, last: 0, place: 0 };
  /** How far the producer's outbox goes, as its process said, and when it was heard. */
  head = 0;
  lookedAt = 0;
  #reportedMissing = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly producer: string,
    private readonly broker: Broker,
    private readonly envelopes: Envelopes,
    private readonly log: Logger,
  ) {}

  get settled(): number {
    return this.end.settled;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const subscription = this.broker.connection.subscribe(heartbeatSubject(this.producer), {
      callback: (error, message) => {
        if (!error) this.#heard(message.string());
      },
    });
    while (!signal.aborted) {
      if (this.lookedAt < Date.now() - SILENT_MS) await this.#look();
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    subscription.unsubscribe();
  }

  #heard(text: string): void {
    const heartbeat = this.envelopes.openHeartbeat(heartbeatSubject(this.producer), text);
    if (!heartbeat) return this.log.warn({ producer: this.producer }, 'ignored a heartbeat with an invalid signature');
    this.lookedAt = Date.now();
    this.head = Math.max(this.head, heartbeat.head);
    const { settled, last, stream: place } = heartbeat;
    this.#move({ settled, last, place });
  }

  /** Says nothing about how far the outbox goes: nobody has told. */
  async #look(): Promise<void> {
    try {
      const { seq, place } = await endOf(this.broker, this.producer, this.envelopes);
      if (seq !== undefined) this.#move({ settled: seq, last: seq, place });
    } catch (err) {
      // While the broker is away the connection tells so.
      if (!isMissing(err) || this.#reportedMissing) return;
      this.#reportedMissing = true;
      this.log.info({ producer: this.producer }, 'no NATS stream for this producer yet');
    }
  }

  #move({ settled, last, place }: LogEnd): void {
    if (settled < this.end.settled) return;
    const moved = settled > this.end.settled;
    this.end = { settled, last, place };
    if (moved) for (const listener of this.#listeners) listener();
  }
}
