import type { StoredMessage } from './message.js';
import type { FeedFilter } from './feed.js';
import type { UnitOfWork } from '../persistence/unit-of-work.js';

/** How often and how long a failing message is tried again. */
export interface RetryPolicy {
  /** Attempts before it becomes a dead letter. */
  attempts: number;
  /** First pause in milliseconds; doubles each time, with jitter. */
  baseMs: number;
  /** Longest pause in milliseconds. */
  maxMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 12, baseMs: 200, maxMs: 60_000 };

/**
 * A named subscription of a module: what it reads, and what it does with each message.
 */
export interface Consumer {
  /** Stable and unique: `module.name`. Its progress is kept under it. */
  readonly name: string;
  readonly module: string;
  /** What it reads of each producer. */
  readonly sources: ReadonlyMap<string, FeedFilter>;
  /** Declared when its handlers call the outside world: they run without a transaction, concurrently. */
  readonly external: boolean;
  /** Read models only: may be replayed, and may neither publish nor send. */
  readonly rebuildable: boolean;
  readonly retry: RetryPolicy;
  /** Handles one message. Inside `unit`, or without one when `external`. */
  handle(message: StoredMessage, unit: UnitOfWork | undefined): Promise<void>;
  /** Called in `unit` when a message is given up, so that whoever waits for it is told. */
  givenUp?(message: StoredMessage, error: string, unit: UnitOfWork): void;
}

/** Messages with the same key are handled in order: per producer and aggregate, over all types. */
export const keyOf = (message: StoredMessage) => `${message.producer}/${message.aggregateid}`;

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
