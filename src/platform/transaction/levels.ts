import { AsyncLocalStorage } from 'node:async_hooks';
import { ContractViolation } from '../messaging/errors.js';

/** A part of a unit of work that is undone by itself or not at all: the whole of it, or what is inside of a savepoint. */
export class Level {
  /** Nothing may be done in it any more. */
  ended = false;
  /** Resolves when the level outside of it may go on. */
  readonly left: Promise<void>;
  leave!: () => void;

  constructor(readonly outer?: Level) {
    this.left = new Promise((resolve) => (this.leave = resolve));
  }

  /** Whether undoing `other` undoes this. */
  isWithin(other: Level): boolean {
    return this === other || (this.outer?.isWithin(other) ?? false);
  }

  /** Where its effects belong: they go with the level outside of it once it has ended well. */
  get lasting(): Level {
    return this.ended && this.outer ? this.outer.lasting : this;
  }
}

/** In which level of which unit of work something runs. */
const running = new AsyncLocalStorage<{ levels: Levels; level: Level }>();

/**
 * The savepoints of one transaction. They are a stack, and `ROLLBACK TO SAVEPOINT` undoes whatever was done since, by
 * whomever: so what runs at the same time outside of the innermost one waits until that is over.
 */
export class Levels {
  readonly #whole = new Level();
  #innermost = this.#whole;

  /**
   * @param patienceMs how long something waits for one savepoint that it is not in, in milliseconds
   * @param over what is thrown in a level that has ended
   */
  constructor(
    private readonly patienceMs: number,
    private readonly over: () => Error,
  ) {}

  /** Whether a savepoint is open. */
  get divided(): boolean {
    return this.#innermost !== this.#whole;
  }

  /** The level in which the code runs that asks. @throws ContractViolation when it has ended, or why it was abandoned */
  current(): Level {
    const store = running.getStore();
    const level = store?.levels === this ? store.level : this.#whole;
    if (level.ended) throw this.over();
    return level;
  }

  isInnermost(level: Level): boolean {
    return level === this.#innermost;
  }

  /**
   * Waits until nothing may be open any more inside of the level that asks. Look again: others have waited as well.
   * @throws ContractViolation when one savepoint stays open for too long
   */
  async turn(): Promise<void> {
    while (!this.isInnermost(this.current())) await leftWithin(this.#innermost, this.patienceMs);
  }

  /** Runs `work` in a new level, after its turn has come. It is the innermost one until `work` is done. */
  async within<T>(work: (level: Level) => Promise<T>): Promise<T> {
    while (!this.isInnermost(this.current())) await this.turn();
    const level = (this.#innermost = new Level(this.#innermost));
    try {
      return await running.run({ levels: this, level }, () => work(level));
    } finally {
      this.#leave(level);
    }
  }

  /** From now on nothing may be done in it, nor in what is open inside of it. Without a level: everything. */
  end(level = this.#whole): void {
    for (const each of this.#openIn(level)) each.ended = true;
    if (level === this.#whole) this.#leave(level);
  }

  #leave(level: Level): void {
    const open = this.#openIn(level);
    if (level.outer && open.length > 0) this.#innermost = level.outer;
    for (const each of open) {
      each.ended = true;
      each.leave();
    }
  }

  /** The level and what is open inside of it, innermost first; none once it was left. */
  #openIn(level: Level): Level[] {
    const open: Level[] = [];
    for (let each: Level | undefined = this.#innermost; each?.isWithin(level); each = each.outer) open.push(each);
    return open;
  }
}

async function leftWithin(level: Level, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(stuck()), ms)));
  try {
    await Promise.race([level.left, late]);
  } finally {
    clearTimeout(timer);
  }
}

const stuck = () =>
  new ContractViolation(
    'LIFTOUT_COMMANDS_WAIT_FOR_EACH_OTHER',
    'It waited too long for a command of its own module that a handler runs at the same time, and which may in turn wait ' +
      'for it. Await the command before you go on, or do not begin it at the same time.',
  );
