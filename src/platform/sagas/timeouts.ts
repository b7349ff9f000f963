import type { Database } from '../persistence/database.js';
import { UnitOfWork } from '../persistence/unit-of-work.js';
import { childContext, runInScope } from '../messaging/context.js';
import type { SagaRunner } from './saga-runner.js';

const POLL_MS = 500;

/**
 * Wakes the sagas of one module whose timeout has passed. Timeouts are rows: they survive restarts, and after a long
 * stop they are all found at once.
 */
export class SagaTimeouts {
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly runners: readonly SagaRunner[],
    private readonly database: Database,
    private readonly committed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  start(): void {
    this.#pass = this.#work().finally(() => {
      this.#pass = undefined;
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), POLL_MS);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  async #work(): Promise<void> {
    try {
      for (const runner of this.runners) while (!this.#stopped && (await this.#one(runner)));
    } catch (error) {
      this.failed(error);
    }
  }

  async #one(runner: SagaRunner): Promise<boolean> {
    const unit = new UnitOfWork(this.database.module, this.database.dataSource);
    const context = childContext(`${runner.saga.name}.timeout`, this.database.module);
    try {
      const handled = await runInScope(context, unit, () => runner.handleTimeout(unit));
      if (await unit.commit()) this.committed();
      if (handled?.error) this.failed(handled.error);
      return handled !== undefined;
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }
}
