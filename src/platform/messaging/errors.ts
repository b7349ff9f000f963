import { CodedError } from '../coded-error.js';

/**
 * Every failure that crosses a seam is one of these. A `DomainError` is an answer: it is named in the contract, is
 * remembered with its command, and is never retried. `Unavailable` means that there was no answer: whoever asked may try again.
 */
export type ErrorKind = 'invalid' | 'not_found' | 'conflict' | 'forbidden';

/** A failure as it travels between modules. */
export interface WireError {
  kind: ErrorKind;
  code: string;
  message: string;
  details: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure of a command or query.
 *
 * @example
 * if (error instanceof DomainError && error.code === 'letter_sent') return undefined;
 * @param kind what sort of failure it is; decides the HTTP status
 * @param code stable name, one of the `errors` of the message's contract
 * @param message one sentence for a person
 * @param details plain data that fits the contract's schema of this code
 */
export class DomainError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = new.target.name;
  }

  toWire(): WireError {
    return { kind: this.kind, code: this.code, message: this.message, details: this.details };
  }

  static fromWire(wire: WireError): DomainError {
    return new DomainError(wire.kind, wire.code, wire.message, wire.details);
  }
}

/**
 * The input is well-formed but cannot be accepted.
 *
 * @example
 * throw new Invalid('unknown_address', 'There is no such address.', { to });
 */
export class Invalid extends DomainError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super('invalid', code, message, details);
  }
}

/**
 * The thing asked for does not exist, or not for this actor.
 *
 * @example
 * throw new NotFound('letter_not_found', 'There is no such letter.', { letterId });
 */
export class NotFound extends DomainError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super('not_found', code, message, details);
  }
}

/**
 * The present state does not allow it.
 *
 * @example
 * throw new Conflict('letter_sent', 'The letter was sent already.', { letterId });
 */
export class Conflict extends DomainError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super('conflict', code, message, details);
  }
}

/**
 * The actor may not do it.
 *
 * @example
 * throw new Forbidden('not_yours', 'Only its sender may recall a letter.');
 */
export class Forbidden extends DomainError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super('forbidden', code, message, details);
  }
}

/**
 * The outcome of a command whose record was erased. HTTP answers it with 410; a version that does not know it, with the
 * 409 of every conflict.
 */
export const ERASED: WireError = Object.freeze({
  kind: 'conflict',
  code: 'erased',
  message:
    'This was done before, for somebody whose data was erased since: what came of it is not kept. Do not repeat it.',
  details: {},
});

/** Why there was no answer: the handler broke, took too long, or could not be reached. */
type UnavailableReason = 'fault' | 'timeout' | 'down';

/**
 * No answer. The effect may or may not have happened; repeating with the same idempotency key is safe.
 *
 * @example
 * const price = await queries.execute(new FindPrice({ sku })).catch((error) => {
 *   if (error instanceof Unavailable) return undefined; // shown without a price
 *   throw error;
 * });
 */
export class Unavailable extends Error {
  constructor(
    message: string,
    readonly reason: UnavailableReason,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Unavailable';
  }
}

/** The code breaks a rule of the platform. Never retried, never caught: fix the code. */
export class ContractViolation extends CodedError {}

/**
 * Thrown by a handler that calls the outside when the answer is not there yet: the message is tried again later without
 * counting as a failure.
 *
 * @example
 * if (answer.status === 202) throw new RetryLater(30_000, 'the courier has not decided yet');
 * @param afterMs milliseconds to wait
 * @param reason what it waits for; shown by `npm run deliveries`
 */
export class RetryLater extends Error {
  constructor(
    readonly afterMs: number,
    reason: string,
  ) {
    super(reason);
    this.name = 'RetryLater';
  }
}

/**
 * A handler was given up while it was still running. Its unit of work is undone and closed, and whatever it still does with
 * `Database`, `Outbox` or the buses is refused with this error: code cannot be stopped from outside.
 */
export abstract class HandlerAborted extends Unavailable {}
