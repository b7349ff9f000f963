import type { StoredMessage } from '../../transaction/message.js';

/** A row as it was read. Its JSON stays text, so that whoever it is handed to gets objects of his own. */
export interface RecentRow {
  seq: number;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  payload: string;
  headers: string;
  /** Milliseconds since the epoch. */
  said: number;
}

const MAX_ROWS = 1000;
/** Characters of JSON that are kept, but for the newest row. */
const MAX_CHARACTERS = 1024 * 1024;

const sizeOf = ({ payload, headers }: RecentRow) => payload.length + headers.length;

/** The newest rows of an outbox: they are read once for all consumers in this process. Who is further behind reads for himself. */
export class RecentRows {
  /** Every row after the first and up to the second position is here. Until something is known there is no such position. */
  #after = Infinity;
  #upTo = Infinity;
  #rows: RecentRow[] = [];
  #characters = 0;

  /** Where to go on reading; `undefined` where nothing is known yet. */
  get upTo(): number | undefined {
    return this.#upTo === Infinity ? undefined : this.#upTo;
  }

  /** Begins at a position, without any row; without a position, nothing is known any more. */
  restart(position = Infinity): void {
    this.#after = this.#upTo = position;
    this.#rows = [];
    this.#characters = 0;
  }

  /**
   * Takes in what follows {@link upTo}.
   * @param rows everything after it that could be seen when every row up to `settled` could be
   */
  add(rows: readonly RecentRow[], settled: number): void {
    for (const row of rows) {
      if (row.seq > settled) break;
      this.#rows.push(row);
      this.#characters += sizeOf(row);
    }
    this.#upTo = settled;
    if (this.#rows.length > MAX_ROWS || this.#characters > MAX_CHARACTERS) this.#trim();
  }

  /** Half of what may be kept goes at a time. */
  #trim(): void {
    let dropped = 0;
    const last = this.#rows.length - 1;
    while (dropped < last && (last - dropped > MAX_ROWS / 2 || this.#characters > MAX_CHARACTERS / 2))
      this.#characters -= sizeOf(this.#rows[dropped++]!);
    this.#after = this.#rows[dropped - 1]?.seq ?? this.#after;
    this.#rows = this.#rows.slice(dropped);
  }

  /** @returns the rows after a position, and how far they go; `undefined` where they have to be read, or there are none */
  after(position: number): { rows: readonly RecentRow[]; upTo: number } | undefined {
    if (position < this.#after || position >= this.#upTo) return undefined;
    let first = this.#rows.length;
    while (first > 0 && this.#rows[first - 1]!.seq > position) first--;
    return { rows: this.#rows.slice(first), upTo: this.#upTo };
  }
}

/** A row as a consumer reads it. */
export function messageOf(row: RecentRow, producer: string): StoredMessage {
  const { seq, id, aggregatetype, aggregateid, type, payload, headers, said } = row;
  const read = { payload: JSON.parse(payload) as object, headers: JSON.parse(headers) as StoredMessage['headers'] };
  return { seq, id, aggregatetype, aggregateid, type, ...read, created_at: new Date(said).toISOString(), producer };
}
