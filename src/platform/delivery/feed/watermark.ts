/** One look at an outbox: the highest visible sequence number, and who was writing afterwards. */
interface Sample {
  /** `max(seq)` as one statement saw it. */
  head: number;
  /** Transactions that held a write lock on the outbox *after* the snapshot in which `head` was read: `pg_locks` has none. */
  writers: ReadonlySet<string>;
}

/** More samples than this gain nothing: a later one will do once a long transaction has ended. */
const MAX_PENDING = 64;

/**
 * Says up to which sequence number an outbox is settled: no row at or below it can still appear.
 *
 * Sequence numbers are taken before the commit, so a reader of `seq > last` loses rows. Here a row ≤ head that is still
 * invisible belongs to a transaction that took its write lock before it took its number, hence before `head` was read;
 * when every writer seen after reading `head` has ended, all of these rows are visible or rolled back. (Needs a sequence
 * with CACHE 1, and locks released after the commit is visible: both hold in PostgreSQL.) It burns no transaction ids and
 * is not held up by transactions that do not write this outbox.
 */
export class Watermark {
  #settled = 0;
  #pending: Sample[] = [];

  get settled(): number {
    return this.#settled;
  }

  /** Whether a sample waits for its writers to end, so that another look is worth while. */
  get waiting(): boolean {
    return this.#pending.length > 0;
  }

  /** Takes in the next sample; `head` never falls, except that an empty outbox counts as 0. */
  observe(sample: Sample): void {
    const ended = (writer: string) => !sample.writers.has(writer);
    this.#pending = this.#pending.filter((earlier) => {
      const writers = new Set([...earlier.writers].filter((writer) => !ended(writer)));
      if (writers.size === 0) this.#settle(earlier.head);
      earlier.writers = writers;
      return writers.size > 0;
    });
    if (sample.writers.size === 0) this.#settle(sample.head);
    else if (sample.head > this.#settled && this.#pending.length < MAX_PENDING) this.#pending.push({ ...sample });
  }

  #settle(head: number): void {
    if (head > this.#settled) this.#settled = head;
  }
}
