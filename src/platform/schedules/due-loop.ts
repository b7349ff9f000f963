/** How long at most until the next look, in milliseconds: other processes may have made something due meanwhile. */
const POLL_MS = 1000;
/** How soon to look again when another replica is at the next one. */
const BUSY_MS = 50;

/**
 * Does what is due in one module by the clock of its database server. What is due are rows: they survive restarts, and
 * after a long stop they are all found at once.
 */
export abstract class DueLoop {
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  /** @param failed is told of what a look failed with; it is tried again */
  protected constructor(protected readonly failed: (error: unknown) => void) {}

  /** Milliseconds until something is due, by one statement: negative when it is, `undefined` when nothing will be. */
  abstract nextMs(): Promise<number | undefined>;

  /** Does one thing that is due, if nobody else is at it. @returns whether it found one */
  protected abstract one(): Promise<boolean>;

  /** Looks now, and again when something is due. */
  start(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#again = this.#pass !== undefined;
    this.#pass ??= this.#work().then((pause) => {
      this.#pass = undefined;
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#again ? 0 : pause);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  /** @returns milliseconds until the next look */
  async #work(): Promise<number> {
    try {
      const next = (await this.nextMs()) ?? POLL_MS;
      if (next > 0) return Math.min(POLL_MS, next + 1);
      while (!this.#stopped && (await this.one()));
      return BUSY_MS;
    } catch (error) {
      this.failed(error);
      return POLL_MS;
    }
  }
}
