import type { PendingRow, PendingMessage } from './message.js';
import { startSendSpan } from './message.js';
import type { Level } from './levels.js';

interface Announced extends PendingMessage {
  level: Level;
  /** The level in which it was written to the outbox; absent while it was not. */
  written?: Level | undefined;
}

/** What a unit of work publishes and sends, in the order in which it does; what a level says is undone with it. */
export class Announcements {
  #rows: Announced[] = [];
  #local: { event: object; level: Level }[] = [];

  /** Everything for the outbox. */
  get rows(): readonly PendingMessage[] {
    return this.#rows;
  }

  /** Whether local domain events wait for their handlers. */
  get hasLocal(): boolean {
    return this.#local.length > 0;
  }

  /** @param module whose outbox they go into */
  constructor(private readonly module: string) {}

  add(row: PendingRow, level: Level): void {
    this.#rows.push({ ...startSendSpan(row, this.module), level });
  }

  addLocal(event: object, level: Level): void {
    this.#local.push({ event, level });
  }

  /** Takes the next local domain event of this level: one of a savepoint that is open may still be undone. */
  nextLocal(level: Level): object | undefined {
    const index = this.#local.findIndex((each) => each.level.lasting === level);
    return index < 0 ? undefined : this.#local.splice(index, 1)[0]!.event;
  }

  /** Takes the rows that are not in the outbox yet, to be written in this level. */
  unwritten(level: Level): PendingRow[] {
    const rows = this.#rows.filter(({ written }) => !written);
    for (const row of rows) row.written = level;
    return rows.map(({ row }) => row);
  }

  undo(level: Level): void {
    this.#rows = this.#rows.filter((row) => !row.level.isWithin(level));
    for (const row of this.#rows) if (row.written?.isWithin(level)) row.written = undefined;
    this.#local = this.#local.filter((each) => !each.level.isWithin(level));
  }
}
