import type { Database } from '../persistence/database.js';
import { UnitOfWork } from '../persistence/unit-of-work.js';
import type { SagaRunner } from './saga-runner.js';
import { nextTimeoutMs } from './saga-store.js';

const POLL_MS = 1000;
/** How soon to look again when another replica is at the next one. */
const BUSY_MS = 50;

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
    this.#pass = this.#work().then((pause) => {
      this.#pass = undefined;
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), pause);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  /** @returns milliseconds until the next look, which costs one statement a module */
  async #work(): Promise<number> {
    try {
      const next = await this.#nextMs();
      if (next > 0) return Math.min(POLL_MS, next + 1);
      for (const runner of this.runners) while (!this.#stopped && (await this.#one(runner)));
      return BUSY_MS;
    } catch (error) {
      this.failed(error);
      return POLL_MS;
    }
  }

  async #nextMs(): Promise<number> {
    const names = this.runners.map(({ saga }) => saga.name);
    return (await nextTimeoutMs(this.database.pool, names)) ?? POLL_MS;
  }

  async #one(runner: SagaRunner): Promise<boolean> {
    const unit = new UnitOfWork(this.database.module, this.database.dataSource);
    try {
      const handled = await runner.handleTimeout(unit);
      if (await unit.commit()) this.committed();
      if (handled?.error) this.failed(handled.error);
      return handled !== undefined;
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  }
}
