import type { ClientBase } from 'pg';
import type { Loaded, SagaRow } from './saga-store.js';
import { insertSagas, loaded, lockSagas, saveSagas } from './saga-store.js';

/** Which instances messages are for. */
interface Wanted {
  /** Those that a message begins. */
  begun: ReadonlySet<string>;
  /** Those that other messages are for. */
  known: ReadonlySet<string>;
}

/** The instances of a saga that the messages of one transaction are for: loaded together, saved together. */
export class Instances {
  readonly #loaded: ReadonlyMap<string, Loaded>;

  private constructor(
    private readonly client: ClientBase,
    private readonly saga: string,
    begun: readonly SagaRow[],
    known: readonly SagaRow[],
  ) {
    const entries = [...begun.map((row) => loaded(row, true)), ...known.map((row) => loaded(row))];
    this.#loaded = new Map(entries.map((each) => [each.row.id, each]));
  }

  /** Begins and locks what is wanted, in at most two statements. */
  static async load(client: ClientBase, saga: string, { begun, known }: Wanted): Promise<Instances> {
    const inserted = begun.size > 0 ? await insertSagas(client, saga, [...begun]) : [];
    const fresh = new Set(inserted.map(({ id }) => id));
    const rest = [...known].filter((id) => !fresh.has(id));
    return new Instances(client, saga, inserted, rest.length > 0 ? await lockSagas(client, saga, rest) : []);
  }

  /** The instance that a message begins; `undefined` where it has begun already. */
  begin(id: string): Loaded | undefined {
    const found = this.#loaded.get(id);
    if (!found?.blank) return undefined;
    found.blank = false;
    return found;
  }

  /** An instance that has begun; `undefined` where there is none. */
  get(id: string): Loaded | undefined {
    const found = this.#loaded.get(id);
    return found?.blank ? undefined : found;
  }

  /** Saves what has changed. */
  async save(): Promise<void> {
    const changed = [...this.#loaded.values()].filter(({ moments }) => moments.length > 0);
    await saveSagas(this.client, this.saga, changed);
  }
}
