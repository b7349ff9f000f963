import type { Pool } from 'pg';
import type { OutboxWatch } from './outbox-watch.js';
import { streams } from '../../transaction/message.js';

const CHANGED_KEYS = `
  SELECT DISTINCT aggregateid AS key FROM outbox
   WHERE seq > $1 AND seq <= $2 AND aggregatetype = $3 AND aggregateid = ANY ($4)`;

/** Poll interval of a waiter, in milliseconds, in case a notification is missed. */
const LOOK_AGAIN_MS = 1000;

/**
 * Wakes those who wait for a module to say something about an aggregate, whichever replica says it. However many wait,
 * it costs at most one query a commit.
 */
export class Changes {
  readonly #waiting = new Map<string, Set<() => void>>();
  #seen = 0;
  #looking = false;
  #leave: (() => void) | undefined;

  constructor(
    private readonly watch: OutboxWatch,
    private readonly pool: () => Pool,
  ) {}

  /**
   * Resolves when the module has published something about `key`, or after `withinMs` milliseconds, or now and then in
   * between: look again after it in any case.
   */
  async of(key: string, withinMs: number): Promise<void> {
    if (this.#waiting.size === 0) this.#begin();
    const others = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, others);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => wake(), Math.min(withinMs, LOOK_AGAIN_MS));
      const wake = () => {
        clearTimeout(timer);
        others.delete(wake);
        if (others.size === 0) this.#waiting.delete(key);
        if (this.#waiting.size === 0) this.#leave?.();
        resolve();
      };
      others.add(wake);
    });
  }

  /** The watch looks at every commit while somebody listens, hence only as long as anybody waits. */
  #begin(): void {
    this.#seen = this.watch.settled;
    this.#leave?.();
    this.#leave = this.watch.subscribe(() => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#waiting.size > 0 && this.#seen < this.watch.settled) await this.#wakeThose(this.watch.settled);
    } catch {
      // Whoever waits looks again by itself.
    } finally {
      this.#looking = false;
    }
  }

  async #wakeThose(settled: number): Promise<void> {
    const stream = streams.events(this.watch.module);
    const recent = this.watch.recent.after(this.#seen);
    const upTo = recent?.upTo ?? settled;
    const keys = recent
      ? recent.rows.filter((row) => row.aggregatetype === stream).map(({ aggregateid }) => aggregateid)
      : await this.#query(upTo, stream);
    this.#seen = upTo;
    for (const key of keys) for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  async #query(upTo: number, stream: string): Promise<string[]> {
    const values = [this.#seen, upTo, stream, [...this.#waiting.keys()]];
    const { rows } = await this.pool().query<{ key: string }>({ name: 'changes', text: CHANGED_KEYS, values });
    return rows.map(({ key }) => key);
  }
}
