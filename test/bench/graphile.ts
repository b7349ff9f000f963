import type pg from 'pg';
import { arrivals } from './arrivals.js';
import type { Posting } from './ledger.js';
import { ACCOUNT_TABLE, POST } from './ledger.js';
import type { GraphileHelpers, GraphileModule } from './rivals.js';
import { graphileWorker } from './rivals.js';
import { Place, poolOf } from './server.js';
import type { Address, Producing, Side } from './side.js';
import { Effects } from './side.js';
import { EFFECT_TABLE, INSERT_ONE } from './tally.js';

/** The settings its documentation names for throughput. It has no batches: each job is a call. */
export const SETTINGS = {
  concurrency: 8,
  maxPoolSize: 12,
  noHandleSignals: true,
  preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 50 } },
};

const FILL = `
  SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
    SELECT ('post', payload, null, null, null, null, null, null)::graphile_worker.job_spec
      FROM unnest($1::json[]) AS payload))`;
const ADD = { name: 'add-job', text: `SELECT graphile_worker.add_job('post', $1::json)` };

/** graphile-worker: each job inserts its row with one statement, as ours do one message at a time. */
export class Graphile implements Side, Producing {
  readonly #effects: Effects;
  #runner: { stop(): Promise<void> } | undefined;

  private constructor(
    private readonly library: GraphileModule,
    readonly place: Place,
    private readonly clients: pg.Pool,
  ) {
    this.#effects = new Effects(place, 'effect');
  }

  static async open(): Promise<Graphile> {
    const library = await graphileWorker();
    const place = await Place.make();
    await place.pool.query(EFFECT_TABLE + ACCOUNT_TABLE);
    const side = new Graphile(library, place, poolOf(place.url, 16));
    await library.runMigrations(side.#options());
    return side;
  }

  /** Another process on a database that was made already. */
  static async at(url: string): Promise<Graphile> {
    return new Graphile(await graphileWorker(), Place.at(url), poolOf(url, 16));
  }

  get address(): Address {
    return { side: 'graphile', url: this.place.url };
  }

  async fill(postings: readonly Posting[]): Promise<void> {
    for (let from = 0; from < postings.length; from += 1000) {
      const payloads = postings.slice(from, from + 1000).map((posting) => JSON.stringify(posting));
      await this.place.pool.query(FILL, [payloads]);
    }
    await this.place.pool.query('ANALYZE graphile_worker._private_jobs');
  }

  async prepare(): Promise<void> {}

  async work(): Promise<void> {
    const post = async ({ account, number }: Posting, helpers: GraphileHelpers) => {
      await helpers.query(INSERT_ONE, [account, number]);
      arrivals.note(number);
    };
    this.#runner = await this.library.run({ ...this.#options(), ...SETTINGS, taskList: { post } });
  }

  async leave(): Promise<void> {
    await this.#runner?.stop();
    this.#runner = undefined;
  }

  async post(posting: Posting, silent = false): Promise<void> {
    const client = await this.clients.connect();
    await client.query('BEGIN');
    await client.query(POST, [posting.account, posting.amount]);
    if (!silent) await client.query({ ...ADD, values: [JSON.stringify(posting)] });
    await client.query('COMMIT');
    client.release();
  }

  effects(): Promise<number> {
    return this.#effects.count();
  }

  clear(): Promise<void> {
    return this.#effects.clear();
  }

  async close(): Promise<void> {
    await this.leave();
    await this.clients.end();
    await this.place.drop();
  }

  #options(): object {
    return { connectionString: this.place.url, logger: new this.library.Logger(() => () => undefined) };
  }
}
