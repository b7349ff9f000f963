import { backoff, DEFAULT_RETRY } from '../delivery/consumer/consumer.js';
import { describeError } from '../messaging/describe-error.js';
import type { Database } from '../transaction/database.js';
import { isConnectionFailure } from '../connection/failures.js';
import { DueLoop } from '../schedules/due-loop.js';
import { UnitOfWork } from '../transaction/unit-of-work.js';
import type { SagaRunner } from './saga-runner.js';
import type { KnownTimeouts, TimedOut } from './timeout-store.js';
import { lockTimedOut, nextTimeoutMs, noteTimeoutFailure } from './timeout-store.js';

/**
 * Wakes the sagas of one module whose timeout has passed.
 *
 * Each is a transaction of its own. Whatever fails in it, the commit included, is charged to this timeout: it is retried
 * with back-off and becomes a dead letter, as a message does; it holds up no other. A timeout whose name this version
 * does not know stays armed.
 */
export class SagaTimeouts extends DueLoop {
  readonly #runners: ReadonlyMap<string, SagaRunner>;
  readonly #all: KnownTimeouts;

  constructor(
    runners: readonly SagaRunner[],
    private readonly database: Database,
    private readonly committed: () => void,
    failed: (error: unknown) => void,
    private readonly mayRun: (saga: string) => boolean,
  ) {
    super(failed);
    this.#runners = new Map(runners.map((runner) => [runner.saga.name, runner]));
    this.#all = runners.flatMap(({ saga }) => saga.timeouts.map((timeout) => ({ saga: saga.name, timeout })));
  }

  /** A saga that may not hear its messages is not woken either: its instances are empty, or of a backup. */
  get #known(): KnownTimeouts {
    return this.#all.filter(({ saga }) => this.mayRun(saga));
  }

  nextMs(): Promise<number | undefined> {
    return nextTimeoutMs(this.database.pool, this.#known);
  }

  protected async one(): Promise<boolean> {
    let row: TimedOut | undefined;
    try {
      await this.#transact(async (unit) => {
        row = await lockTimedOut(await unit.client(), this.#known);
        if (row) await this.#runners.get(row.saga)!.handleTimeout(row, unit);
      });
    } catch (error) {
      if (!row || isConnectionFailure(error)) throw error;
      this.failed(error);
      await this.#note(row, error);
    }
    return row !== undefined;
  }

  async #note(row: TimedOut, error: unknown): Promise<void> {
    const attempt = row.timeoutAttempts + 1;
    const dueInMs = attempt < DEFAULT_RETRY.attempts ? backoff(DEFAULT_RETRY, attempt) : undefined;
    await noteTimeoutFailure(this.database.pool, row, describeError(error), dueInMs);
  }

  #transact(work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
    return this.database.deliver(() => this.#transactNow(work));
  }

  async #transactNow(work: (unit: UnitOfWork) => Promise<void>): Promise<void> {
    const unit = new UnitOfWork(this.database.module, this.database.dataSource);
    try {
      await work(unit);
      if (await unit.commit()) this.committed();
    } catch (error) {
      await unit.rollback();
      throw unit.blame(error);
    }
  }
}
