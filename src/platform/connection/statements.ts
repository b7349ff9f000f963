import type { ClientBase, QueryConfig } from 'pg';

/** Texts beyond this many, as where SQL is put together from values, are sent without a name. */
const MAX_NAMES = 500;

/**
 * Names for SQL texts, so that each connection parses and plans a text once: `pg` prepares a statement that has a name.
 *
 * A statement that a connection can no longer use, because a migration has changed what it returns, gets a new name
 * when {@link forget} is told.
 */
export class Statements {
  readonly #names = new Map<string, string>();
  readonly #forgotten = new Map<string, number>();
  #made = 0;

  /** @returns what to run; without values as it is, since it may be several statements */
  named(text: string, values: unknown[]): QueryConfig {
    if (values.length === 0) return { text };
    const name = this.#names.get(text) ?? this.#add(text);
    return name === undefined ? { text, values } : { name, text: this.#anew(text), values };
  }

  /** The next use of this text is prepared anew. */
  forget(text: string): void {
    this.#names.delete(text);
    this.#forgotten.set(text, (this.#forgotten.get(text) ?? 0) + 1);
  }

  /** A pooler knows statements by their text: a name that is new would lead to the same one. */
  #anew(text: string): string {
    const times = this.#forgotten.get(text);
    return times === undefined ? text : `${text}\n-- prepared anew: ${times}`;
  }

  #add(text: string): string | undefined {
    if (this.#names.size >= MAX_NAMES) return undefined;
    const name = `sql-${++this.#made}`;
    this.#names.set(text, name);
    return name;
  }
}

/** What is sent to `client` before the process turns to something else leaves in one packet, and comes back in one. */
export function sendTogether(client: ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: Corkable } }).connection;
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const together = (...args: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => stream.uncork());
    }
    return query(...args);
  };
  client.query = together as never;
}

interface Corkable {
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
}
