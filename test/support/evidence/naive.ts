import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Entry } from './history.js';

/** Readers as one finds them in the wild: what they read of an outbox while it is written. */
export const NAIVE = {
  '`seq > last`': '',
  '`seq > last AND xid < xmin`': 'AND xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint',
} as const;

/** A reader that remembers the last number it has seen, and never looks back. */
export class NaiveReader {
  readonly read: Entry[] = [];
  #last = 0;
  #ending = false;
  #running: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly condition: string,
  ) {}

  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, options: '-c search_path=making' });
    await client.connect();
    const { rows } = await client.query('SELECT coalesce(max(seq), 0)::float8 AS last FROM outbox');
    this.#last = rows[0].last as number;
    this.#running = this.#run(client);
  }

  /** To be called when everybody has committed: whatever can still be seen is read before. */
  async end(): Promise<Entry[]> {
    this.#ending = true;
    await this.#running;
    return this.read;
  }

  async #run(client: pg.Client): Promise<void> {
    while (!this.#ending) {
      await this.#look(client);
      await delay(2);
    }
    await this.#look(client);
    await client.end();
  }

  async #look(client: pg.Client): Promise<void> {
    const { rows } = await client.query<Entry & { seq: number }>(
      `SELECT seq::float8 AS seq, payload->>'thing' AS thing, (payload->>'version')::int AS version, payload->>'token' AS token
         FROM outbox WHERE seq > $1 AND type = 'making.thing-raised.v1' ${this.condition} ORDER BY outbox.seq`,
      [this.#last],
    );
    this.#last = rows.at(-1)?.seq ?? this.#last;
    this.read.push(...rows);
  }
}
