import type { CircuitBreakerPolicy, IPolicy } from 'cockatiel';
import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import { before } from '../../messaging/context/deadline.js';
import { Unavailable } from '../../messaging/errors.js';

const RETRY = { initialDelay: 50, maxDelay: 1000 };
const BREAKER = { failures: 5, halfOpenAfterMs: 2000 };
/** How many run at once, and how many wait for their turn. Requests of clients may take long, as with `Prefer: wait`. */
const LIMITS = { messages: { running: 64, waiting: 256 }, routes: { running: 256, waiting: 1024 } };

/** The caller has stopped waiting: no reason to ask again, and no fault of the module. */
export class CallerCancelled extends Unavailable {}

const noAnswer = (error: Error) =>
  error instanceof Unavailable && error.reason !== 'fault' && !(error instanceof CallerCancelled);
const notReached = (error: Error) => error instanceof Unavailable && error.reason === 'down';

/**
 * Retry, circuit breaker and bulkhead for one remote module. One that does not answer is not asked for a while; one that
 * is slow cannot take up the whole process, and its routes cannot take up what its messages need.
 */
export class SeamPolicy {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #messages: IPolicy;
  readonly #routes: IPolicy;
  readonly #again: IPolicy;
  readonly #reachedAgain: IPolicy;

  constructor(
    private readonly module: string,
    { messages, routes } = LIMITS,
  ) {
    this.#messages = bulkhead(messages.running, messages.waiting);
    this.#routes = bulkhead(routes.running, routes.waiting);
    const backoff = new ExponentialBackoff(RETRY);
    this.#again = retry(handleWhen(noAnswer), { maxAttempts: 3, backoff });
    this.#reachedAgain = retry(handleWhen(notReached), { maxAttempts: 2, backoff });
    this.#breaker = circuitBreaker(handleWhen(noAnswer), {
      halfOpenAfter: BREAKER.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(BREAKER.failures),
    });
  }

  /**
   * Sends a message, again with backoff and jitter where no answer comes.
   *
   * @param attempt gets the milliseconds that are left
   * @throws Unavailable
   */
  message<T>(deadline: number, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    const once = () => this.#attempt(deadline, attempt);
    return this.#known(this.#again.execute(() => this.#messages.execute(once)));
  }

  /**
   * Hands a request of a client on.
   *
   * @param safe whether it changes nothing: then it is sent again where the module was not reached
   * @param attempt gets the milliseconds that are left
   * @throws Unavailable, at the deadline at the latest
   */
  route<T>(deadline: number, safe: boolean, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    const once = () => this.#attempt(deadline, attempt);
    const work = this.#routes.execute(() => (safe ? this.#reachedAgain.execute(once) : once()));
    return this.#known(before(deadline, work, () => this.#late()));
  }

  /** Who has waited for a turn may have waited for too long. */
  #attempt<T>(deadline: number, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    const left = deadline - Date.now();
    if (left <= 0) throw this.#late();
    return this.#breaker.execute(() => attempt(left));
  }

  #late(): CallerCancelled {
    return new CallerCancelled(`${this.module} did not answer before the deadline.`, 'timeout');
  }

  #known<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      if (error instanceof BrokenCircuitError) throw new Unavailable(`${this.module} has not answered lately.`, 'down');
      if (error instanceof BulkheadRejectedError) throw new Unavailable(`${this.module} is too busy.`, 'down');
      throw error;
    });
  }
}
