import { SetMetadata } from '@nestjs/common';
import { MAX_TIMEOUT_MS } from '../../messaging/context/time-limit.js';
import type { RetryPolicy } from './consumer.js';

const SUBSCRIPTION = 'liftout:subscription';

export interface SubscriptionOptions {
  /**
   * Stable name of this consumer within its module; its progress is kept under it. Another name is a new consumer, which
   * hears everything that is kept, unless `formerly` says whose place it takes.
   */
  name: string;
  /**
   * The name that this consumer had before: it takes over progress, the retry table and what the producers know. Versions
   * that still use the former name, also after a roll-back, go on with the same progress. Leave it there for good.
   */
  formerly?: string;
  /**
   * The handler calls the outside world: it runs without a transaction, and records what it learned with commands. Where it
   * is run again, a command that says the same has no second effect; one that says something else is another one.
   */
  external?: boolean;
  /** A read model that can be replayed: writes its own tables only, neither publishes nor sends. */
  rebuildable?: boolean;
  /**
   * The statements of messages with different keys may be mixed, as where each message is one statement of its own: many
   * then share a round trip. Messages of one key still come one after the other.
   */
  pipelined?: boolean;
  /**
   * How many batches may be worked on at a time, in this process or in several: the messages are divided by their keys, each
   * key in order. 1 to 64, default 1. It may change from one version to the next; nothing is lost or handled twice.
   */
  partitions?: number;
  /**
   * How long the handler may take for one message, in milliseconds: up to an hour; default 30 seconds, or 60 where it is
   * `external`. After that it is given up, which counts as a failed attempt: its transaction is undone, and what it still
   * does with `Database`, `Outbox` or the buses is refused. For `handleBatch` it is one limit, however many events it gets.
   */
  timeoutMs?: number;
  /** Overrides of the default retry policy: 20 attempts, about 10 minutes. */
  retry?: Partial<RetryPolicy>;
}

/**
 * Names a handler of durable events, beside `@EventsHandler`. Several events in one handler are taken in order. A handler
 * with a method `handleBatch(events)` is given batches of up to 500.
 *
 * @throws TypeError when `partitions` or `timeoutMs` is out of range, it is external and rebuildable, or `formerly` is its own name
 * @example @EventsHandler(LetterSent, LetterLost) @Subscription({ name: 'letter-page', rebuildable: true })
 */
export function Subscription(options: SubscriptionOptions): ClassDecorator {
  const { name, formerly, partitions = 1, timeoutMs = 1, external, rebuildable } = options;
  if (external && rebuildable)
    throw new TypeError(
      `@Subscription ${name}: what calls the outside is no read model; choose external or rebuildable.`,
    );
  if (formerly === name)
    throw new TypeError(`@Subscription ${name}: formerly has to be the name that it had before, not its own.`);
  if (!(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS))
    throw new TypeError(
      `@Subscription ${name}: timeoutMs has to be a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}, not ${timeoutMs}.`,
    );
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= 64) return SetMetadata(SUBSCRIPTION, options);
  throw new TypeError(`@Subscription ${name}: partitions has to be a whole number from 1 to 64, not ${partitions}.`);
}

export function subscriptionOf(type: object): SubscriptionOptions | undefined {
  return Reflect.getMetadata(SUBSCRIPTION, type) as SubscriptionOptions | undefined;
}
