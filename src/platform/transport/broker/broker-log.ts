import type { Watch } from '../../delivery/feed/feed.js';
import type { StoredMessage } from '../../transaction/message.js';

/** How far a log at a broker goes. */
export interface LogEnd {
  /** Everything of the outbox up to here is in it. */
  settled: number;
  /** The number in the outbox of its last message. */
  last: number;
  /** The end of the log, by the broker's own count. */
  place: number;
}

/** The last message of a log. */
export interface LastLogged {
  /** Its number in the outbox; `undefined` when the log is empty. */
  seq: number | undefined;
  /** The id of the message. */
  id: string | undefined;
  /** The end of the log, by the broker's own count; 0 where there never was anything. */
  place: number;
}

/** What a broker holds of one module: the stream or topic that carries its outbox. */
export interface BrokerLog {
  /** What the broker is called. */
  readonly broker: string;
  /** The name of the progress that is kept for it: see {@link publisherOf}. */
  readonly publisher: string;
  /** What to say when it holds messages of another database. */
  readonly mixedUp: string;
  /** Makes it unless there is one. @throws BrokerUnusable when it cannot be used as it is */
  prepare(): Promise<void>;
  lastLogged(): Promise<LastLogged>;
  /**
   * @param from the last message before them in the outbox, and the end of the log
   * @returns the end of the log when everything is acknowledged
   * @throws when anything is not
   */
  append(messages: readonly StoredMessage[], from: Pick<LogEnd, 'last' | 'place'>): Promise<number>;
  /** Tells whoever listens how far it goes, each second. */
  tell?(end: LogEnd, head: number): void;
}

/** A message as it lies in a log. Each names the one before it: a reader notices when any is missing. */
export interface Logged {
  /** Its number in the outbox. */
  seq: number;
  /** The number of the message before it in the outbox; 0 when there was none. */
  after: number;
}

/** Follows the log of one producer in another process. */
export interface LogWatch extends Watch {
  /** How far the log can be read. */
  readonly end: LogEnd;
  /** How far the outbox of the producer goes, as its process said. */
  readonly head: number;
}

/** Reads the log of one producer, for one consumer. */
export interface LogReader<L extends Logged> {
  /**
   * @param after number in the outbox of the last message that was taken
   * @param end of the log: nothing behind it is asked for
   * @returns messages after it, in order; none when the log has none up to `end`
   */
  next(after: number, end: number, limit: number): Promise<readonly L[]>;
}
