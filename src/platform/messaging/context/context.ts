import { AsyncLocalStorage } from 'node:async_hooks';
import type { Duration } from '../duration.js';
import type { HandlerAborted } from '../errors.js';
import { newId } from '../../new-id.js';
import { childTrace } from './trace-context.js';

/** Who asks. Travels with every message; `system` is the platform itself, as in a saga's timeout. */
export interface Actor {
  readonly sub: string;
  readonly role: string;
}

/**
 * What every message carries beside its payload.
 *
 * @example
 * async handleBatch(events: readonly LetterAdded[], contexts: readonly MessageContext[]): Promise<void> {
 *   const times = contexts.map(({ occurredAt }) => occurredAt);
 * }
 */
export interface MessageContext {
  /** UUID of this message. */
  readonly id: string;
  /** Wire name of the message, or the route of a request. */
  readonly type: string;
  /** The module whose code runs. */
  readonly module: string;
  /** One id for everything that follows from one request. */
  readonly correlationId: string;
  /** The id of the message that caused this one. */
  readonly causationId?: string;
  /** W3C trace context of the span in which it is sent, or handled: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent: string;
  readonly actor: Actor;
  /** When the caller stops waiting: milliseconds since the epoch. */
  readonly deadline?: number;
  /** When a stored message was written: ISO 8601, UTC. */
  readonly occurredAt?: string;
  /** Idempotency key: a command with one has its outcome remembered. */
  readonly key?: string;
  /**
   * Who may repeat the command: a client, for as long as outcomes are kept, or a stored message, for as long as any module
   * holds it. Absent where that is not known, as of a caller of an older version.
   */
  readonly repeatedBy?: 'client' | 'message';
  /** The key as version 0.1 made it: `parent/position`; `nth` of the commands of its parent that say the same. */
  readonly former?: { readonly parent: string; readonly position: number; readonly nth: number };
}

/** What a running handler may do to the unit of work it is in. Implemented in `transaction/unit-of-work.ts`. */
export interface Unit {
  /** The module whose database it writes. */
  readonly module: string;
  /** Whether its transaction has begun. */
  readonly open: boolean;
  /** Buffers an event: a durable one for the outbox, a local one for its handlers before the commit. */
  publish(event: object): void;
  /** Buffers a durable command for the outbox. */
  send(command: object, options?: SendOptions): void;
  /**
   * Runs `work` so that its failure undoes only what it did itself.
   * @param hurried does not wait to see whether a statement failed and nobody looked; then the whole unit fails later
   */
  nested<T>(work: () => Promise<T>, hurried?: boolean): Promise<T>;
  /** Undoes and closes it, whatever is being done in it. What is done with it later is refused with `reason`. */
  abandon(reason: Error): void;
}

export interface SendOptions {
  /** Commands with the same key are handled in the order they were sent. Default: the id of the message being handled. */
  key?: string;
  /** Sends it that long after the commit, by the clock of the database server. */
  after?: Duration;
  /** Sends it at this moment, by the clock of the database server; one that has passed: with the commit. */
  at?: Date;
  /** The saga instance that gets the reply. Set by the platform. */
  replyTo?: { saga: string; id: string };
}

/** A running handler: its message, and the unit of work it is in, if any. */
export interface Scope {
  readonly context: MessageContext;
  readonly unit?: Unit;
  /** How many keyed commands this scope has executed. */
  children: number;
  /** How many of each type, or of each content: makes the keys of its children the same in a repetition. */
  asked?: Map<string, number>;
  /** The scope in which this one began. */
  readonly outer?: Scope;
  /** Why nothing may be done in it any more: set when its handler is given up. */
  over?: Error;
  /** Gives its handler up; absent where that is not limited, and when it has ended. */
  abort?: (reason: HandlerAborted) => void;
}

const storage = new AsyncLocalStorage<Scope>();

export const SYSTEM: Actor = Object.freeze({ sub: 'system', role: 'system' });

export function currentScope(): Scope | undefined {
  return storage.getStore();
}

/**
 * The scope of whoever asks for something that has an effect.
 * @throws HandlerAborted when the handler, or the one that called it, was given up
 */
export function activeScope(): Scope | undefined {
  const scope = storage.getStore();
  for (let each = scope; each; each = each.outer) if (each.over) throw each.over;
  return scope;
}

/**
 * The context of the message being handled; `undefined` outside of any.
 *
 * @example
 * const traced = currentMessage()?.correlationId;
 */
export function currentMessage(): MessageContext | undefined {
  return storage.getStore()?.context;
}

/** Runs `work` as the handler of a message. */
export function runInScope<T>(context: MessageContext, unit: Unit | undefined, work: () => T): T {
  return runAs(childScope(context, unit), work);
}

/** The scope of a message that nobody waits for here, whoever may have caused that it is handled now. */
export function newScope(context: MessageContext, unit: Unit | undefined): Scope {
  return { context, ...(unit && { unit }), children: 0 };
}

/** A scope within the present one. */
export function childScope(context: MessageContext, unit: Unit | undefined): Scope {
  const outer = storage.getStore();
  return { ...newScope(context, unit), ...(outer && { outer }) };
}

export function runAs<T>(scope: Scope, work: () => T): T {
  return storage.run(scope, work);
}

/** The context of a message sent now: caused by the one being handled, or the beginning of a new trace. */
export function childContext(type: string, module: string, more: Partial<MessageContext> = {}): MessageContext {
  const parent = currentMessage();
  const id = newId();
  return {
    id,
    type,
    module,
    correlationId: parent?.correlationId ?? id,
    ...(parent && { causationId: parent.id }),
    traceparent: parent?.traceparent ?? childTrace(undefined),
    actor: parent?.actor ?? SYSTEM,
    ...(parent?.deadline && { deadline: parent.deadline }),
    ...more,
  };
}
