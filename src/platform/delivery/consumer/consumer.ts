import { createHash } from 'node:crypto';
import { MAX_KEY_LENGTH } from '../../messaging/plain/limits.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { Selection } from '../checkpoint/coverage.js';
import type { UnitOfWork } from '../../transaction/unit-of-work.js';

/** How often and how long a failing message is tried again. */
export interface RetryPolicy {
  /** Attempts before it becomes a dead letter. */
  attempts: number;
  /** First pause in milliseconds; doubles each time, with jitter. */
  baseMs: number;
  /** Longest pause in milliseconds. */
  maxMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 20, baseMs: 200, maxMs: 60_000 };

/**
 * A named subscription of a module: what it reads, and what it does with each message.
 */
export interface Consumer {
  /**
   * Stable and unique: `module.name`. Its progress is kept under it. As declared, until it turns out that a version of the
   * same application has renamed it: then all replicas use the new one.
   */
  name: string;
  /** The name in this version. */
  readonly declared: string;
  /** The name that it takes over from. */
  readonly formerly?: string | undefined;
  readonly module: string;
  /** The message types that this version can handle; what else it reads waits for a version that can. */
  readonly types: ReadonlySet<string>;
  /** What it reads of each producer. */
  readonly sources: ReadonlyMap<string, Selection>;
  /** Declared when its handlers call the outside world: they run without a transaction, concurrently. */
  readonly external: boolean;
  /** Read models only: may be replayed, and may neither publish nor send. */
  readonly rebuildable: boolean;
  readonly retry: RetryPolicy;
  /** Into how many shares, by key, its messages are divided; each is worked on by itself, in whichever process. */
  readonly partitions: number;
  /** How long a handler may take, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Handles one message. Inside `unit`, or without one when `external`.
   *
   * @param waitedMs how long it has been parked
   * @returns 'ignored' when it is of no concern
   * @throws NotYet, before anything is written, when it comes too early
   */
  handle(message: StoredMessage, unit: UnitOfWork | undefined, waitedMs?: number): Promise<void | 'ignored'>;
  /** The order of its messages where that is not the order of their keys; `undefined` for one that it cannot read. */
  order?(message: StoredMessage): Order | undefined;
  /**
   * Handles a batch in order, in one unit of work. Where any of it fails, the whole is undone and each tried alone.
   *
   * @param isOver is asked between messages
   * @returns those that were not begun, because it was over
   */
  handleBatch(messages: readonly StoredMessage[], unit: UnitOfWork, isOver: IsOver): Promise<readonly StoredMessage[]>;
  /** Empties the read model, in `unit`, before everything is heard again from the start. */
  reset?(unit: UnitOfWork): Promise<void>;
  /** Called in `unit` when a message is given up, so that whoever waits for it is told. */
  givenUp?(message: StoredMessage, error: string, unit: UnitOfWork): void;
}

/** Whether no further message of a batch is to be begun: the process stops. */
export type IsOver = () => boolean;

/**
 * Messages with the same key are handled in order: per producer and aggregate, over all types. A longer key than may be
 * published now, in an outbox of a former version, is told apart by its digest.
 */
export function keyOf({ producer, aggregateid }: Pick<StoredMessage, 'producer' | 'aggregateid'>): string {
  if (aggregateid.length <= MAX_KEY_LENGTH) return `${producer}/${aggregateid}`;
  return `${producer}/sha256:${createHash('sha256').update(aggregateid).digest('hex')}`;
}

/** What keeps the messages of a consumer in order while some of them are parked. */
export interface Order {
  /** Messages with the same one wait for each other. */
  key: string;
  /** It comes before those that do not begin anything, whenever it was read. */
  begins: boolean;
}

/** The simplest batch: one message after the other. */
export async function oneByOne(
  consumer: Pick<Consumer, 'handle'>,
  messages: readonly StoredMessage[],
  unit: UnitOfWork,
  isOver: IsOver,
): Promise<readonly StoredMessage[]> {
  for (const [handled, message] of messages.entries()) {
    if (isOver()) return messages.slice(handled);
    await consumer.handle(message, unit);
  }
  return [];
}

/** Begins with all keys at once, so that their statements share round trips; within a key one after the other. */
export async function keyByKey(
  consumer: Pick<Consumer, 'handle'>,
  messages: readonly StoredMessage[],
  unit: UnitOfWork,
  isOver: IsOver,
): Promise<readonly StoredMessage[]> {
  const keys = new Map<string, StoredMessage[]>();
  for (const message of messages) {
    const same = keys.get(keyOf(message));
    if (same) same.push(message);
    else keys.set(keyOf(message), [message]);
  }
  const results = await Promise.allSettled([...keys.values()].map((same) => oneByOne(consumer, same, unit, isOver)));
  return results.flatMap((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/**
 * Exponential backoff with equal jitter: half of the pause is fixed, half random.
 * @param attempt 1 for the first failure
 * @returns milliseconds
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoff({ baseMs, maxMs }: RetryPolicy, attempt: number, random = Math.random): number {
  const pause = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return pause / 2 + (random() * pause) / 2;
}
