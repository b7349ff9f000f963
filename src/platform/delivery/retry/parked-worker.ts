import type { Database } from '../../transaction/database.js';
import { isConnectionFailure } from '../../connection/failures.js';
import { allowIdle } from '../../connection/session/idle-timeout.js';
import { UnitOfWork } from '../../transaction/unit-of-work.js';
import { ContractViolation, HandlerAborted, RetryLater } from '../../messaging/errors.js';
import type { Consumer } from '../consumer/consumer.js';
import { backoff } from '../consumer/consumer.js';
import type { LoopEvents } from '../consumer/consumer-loop.js';
import { describeError } from '../../messaging/describe-error.js';
import { NotYet } from '../consumer/not-yet.js';
import { adopt } from '../consumer/order.js';
import type { ParkedMessage, Taker } from './parked.js';
import {
  claimDue,
  failureOf,
  nextDue,
  leaseDue,
  lockClaimed,
  noteFailure,
  postpone,
  renewLeases,
  releaseNext,
  complete,
} from './parked.js';
import type { StartGuard } from '../checkpoint/start-guard.js';
import { MAX_UNFINISHED, Unfinished } from '../consumer/unfinished.js';

const POLL_MS = 1000;
/** How soon to look again when what is due is taken by others. */
const BUSY_MS = 100;
/** Outside calls at once: they wait more than they work, and those that get no answer must not hold up the others. */
const CONCURRENCY = 64;
/** How soon after the death of a process its outside calls are made again by another one. Renewed while a call runs. */
const LEASE_MS = 6_000;
/** How long a command waits for a version that knows it, before its sender is told that none has come: see decision 15. */
const STRANGERS_MS = 600_000;

/** How soon what failed with the connection to a database is tried again; it counts as no attempt. */
const LOST_MS = 1000;

/**
 * Works off the parked messages of one consumer: those that failed, in a transaction each; those of an external
 * consumer concurrently and with no transaction open, under a lease.
 */
export class ParkedWorker {
  readonly #running = new Map<string, Promise<void>>();
  /** The call that runs for a message which was begun before without an end. */
  #suspect: string | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(
    private readonly consumer: Consumer,
    private readonly database: Database,
    private readonly events: LoopEvents,
    private readonly guard: Pick<StartGuard, 'isOpen'>,
  ) {}

  /** Looks for due messages from now on: workers that start together do not all look at once. */
  start(): void {
    this.#timer = setTimeout(() => this.poke(), Math.random() * POLL_MS);
  }

  /** Looks for due messages now. */
  poke(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    if (this.#pass) this.#again = true;
    else this.#pass = this.#work().finally(() => (this.#pass = undefined));
  }

  /** Waits for what has begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
    await Promise.allSettled(this.#running.values());
    clearInterval(this.#renewal);
  }

  /** Somebody waits for the answer to what can be given up; what cannot waits as long as its type is covered. */
  get #taker(): Taker {
    const { name, types, givenUp } = this.consumer;
    return { consumer: name, types: [...types], strangersAfterMs: givenUp && STRANGERS_MS };
  }

  async #work(): Promise<void> {
    let pause = POLL_MS;
    try {
      do {
        this.#again = false;
        pause = await this.#workOff();
      } while (this.#again && !this.#stopped);
    } catch (error) {
      this.events.failed(this.consumer.name, error);
    }
    // Set directly: `poke` would see this pass as still running.
    if (!this.#stopped) this.#timer = setTimeout(() => this.poke(), pause);
  }

  /** Does what is due; looking for nothing costs one statement. @returns milliseconds until the next look */
  async #workOff(): Promise<number> {
    while (!this.#stopped && this.guard.isOpen) {
      const { due, nextMs, byKey } = await nextDue(this.database.pool, this.#taker);
      if (byKey && this.consumer.order) await adopt(this.database.pool, this.consumer);
      if (!due) return Math.min(POLL_MS, (nextMs ?? POLL_MS) + 1);
      const done = this.consumer.external ? await this.#leaseAll() : await this.#handleAll();
      // There are calls enough, and the end of each pokes; or another replica is at it.
      if (done === 0) return this.consumer.external ? POLL_MS : BUSY_MS;
    }
    return POLL_MS;
  }

  /** @returns how many calls were begun */
  async #leaseAll(): Promise<number> {
    const free = CONCURRENCY - this.#running.size;
    if (free <= 0) return 0;
    const limits = { limit: free, suspects: this.#suspect === undefined ? 1 : 0, leaseMs: LEASE_MS };
    const leased = await leaseDue(this.database.pool, this.#taker, limits);
    for (const parked of leased) {
      if (parked.begun > 1) this.#suspect = parked.id;
      this.#running.set(parked.id, this.#calling(parked));
    }
    this.#renewal ??= setInterval(() => this.#renew(), LEASE_MS / 3);
    return leased.length;
  }

  async #calling(parked: ParkedMessage): Promise<void> {
    await this.#call(parked);
    const failed = (error: unknown) => this.events.failed(this.consumer.name, error);
    await releaseNext(this.database.pool, this.consumer, [parked.message]).catch(failed);
    this.#running.delete(parked.id);
    if (this.#suspect === parked.id) this.#suspect = undefined;
    this.poke();
  }

  #renew(): void {
    if (this.#running.size === 0) {
      clearInterval(this.#renewal);
      this.#renewal = undefined;
      return;
    }
    const failed = (error: unknown) => this.events.failed(this.consumer.name, error);
    renewLeases(this.database.pool, [...this.#running.keys()], LEASE_MS).catch(failed);
  }

  async #call(parked: ParkedMessage): Promise<void> {
    try {
      refuseUnfinished(parked);
      await this.consumer.handle(parked.message, undefined);
      await complete(this.database.pool, parked.id);
    } catch (error) {
      await this.#failed(parked, error).catch((also) => this.events.failed(this.consumer.name, also));
    }
  }

  /** One that fails is not due any more, and holds up no other. @returns how many were due */
  async #handleAll(): Promise<number> {
    for (let handled = 0; ; handled++) {
      const parked = this.#stopped ? undefined : await claimDue(this.database.pool, this.#taker);
      if (!parked) return handled;
      await this.#handleOne(parked);
      await releaseNext(this.database.pool, this.consumer, [parked.message]);
    }
  }

  /** Where the transaction of the attempt is lost, its failure is noted in another one. */
  async #handleOne(parked: ParkedMessage): Promise<void> {
    try {
      refuseUnfinished(parked);
      await this.#transact((unit) => this.#attempt(unit, parked));
    } catch (error) {
      // Connections are lost to all now and then; it is charged with that when it happens again.
      if (this.#stopped || (isConnectionFailure(error) && parked.begun < MAX_UNFINISHED)) throw error;
      await this.#transact((unit) => this.#note(unit, parked, error));
    }
  }

  async #transact<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return await this.database.deliver(() => this.#transactNow(work));
  }

  async #transactNow<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const unit = new UnitOfWork(this.database.module, this.database.dataSource);
    try {
      const result = await work(unit);
      if (await unit.commit()) this.events.committed(this.database.module, true, undefined);
      return result;
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }

  async #attempt(unit: UnitOfWork, parked: ParkedMessage): Promise<void> {
    const client = await unit.client();
    allowIdle(client, this.consumer.timeoutMs);
    const attempts = await lockClaimed(client, parked);
    if (attempts === undefined) return;
    parked.attempts = attempts;
    if (!this.consumer.types.has(parked.message.type)) return await this.#giveUp(unit, parked);
    try {
      await unit.nested(async () => {
        await this.consumer.handle(parked.message, unit, parked.waitedMs);
        await unit.flush();
      });
      await complete(client, parked.id);
    } catch (error) {
      if (error instanceof HandlerAborted || isConnectionFailure(error)) throw error;
      if (error instanceof NotYet) await postpone(client, parked.id, error.afterMs, error.message);
      else await this.#note(unit, parked, error);
    }
  }

  /** It is no attempt that failed: no version that runs knows the message. */
  async #giveUp(unit: UnitOfWork, parked: ParkedMessage): Promise<void> {
    const { message } = parked;
    const text = `${this.consumer.module} does not know ${message.type}: no version that does has come.`;
    const violation = new ContractViolation('LIFTOUT_MESSAGE_UNKNOWN', text);
    this.events.failed(this.consumer.name, violation);
    await noteFailure(await unit.client(), parked, { error: violation.message }, undefined);
    this.consumer.givenUp?.(message, text, unit);
  }

  async #failed(parked: ParkedMessage, error: unknown): Promise<void> {
    const { pool } = this.database;
    if (error instanceof RetryLater) return await postpone(pool, parked.id, error.afterMs, error.message);
    if (isConnectionFailure(error)) {
      this.events.failed(this.consumer.name, error);
      return await postpone(pool, parked.id, LOST_MS, 'the connection to a database');
    }
    await this.#transact((unit) => this.#note(unit, parked, error));
  }

  async #note(unit: UnitOfWork, parked: ParkedMessage, error: unknown): Promise<void> {
    const { retry, name } = this.consumer;
    this.events.failed(name, error);
    const attempt = parked.attempts + 1;
    const dead = attempt >= retry.attempts;
    // From the first that is charged with it each further one is.
    const begun = error instanceof Unfinished || isConnectionFailure(error) ? MAX_UNFINISHED - 1 : 0;
    await noteFailure(await unit.client(), parked, failureOf(error), dead ? undefined : backoff(retry, attempt), begun);
    if (dead) this.consumer.givenUp?.(parked.message, describeError(error), unit);
  }
}

function refuseUnfinished({ begun, message: { type, id } }: ParkedMessage): void {
  if (begun > MAX_UNFINISHED) throw new Unfinished(type, id, begun - 1);
}
