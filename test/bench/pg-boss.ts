import type pg from 'pg';
import { arrivals } from './arrivals.js';
import type { Posting } from './ledger.js';
import { ACCOUNT_TABLE, POST } from './ledger.js';
import type { Boss } from './rivals.js';
import { pgBoss } from './rivals.js';
import { Place, poolOf } from './server.js';
import type { Address, Producing, RivalStyle, Side } from './side.js';
import { Effects } from './side.js';
import { columns, EFFECT_TABLE, INSERT_MANY, INSERT_ONE } from './tally.js';

const QUEUE = 'post';
/** It fetches on at once while batches are full, and is notified of new jobs; it polls no more often than this. */
const SETTINGS = {
  batchSize: 500,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
  notifyPollingIntervalSeconds: 0.5,
};
const AT_ONCE = 8;

type Jobs = { data: Posting }[];

/** pg-boss, with batches of 500: the handler takes each with one statement, or eight jobs at a time with one each. */
export class PgBoss implements Side, Producing {
  readonly #effects: Effects;
  readonly #options: object;
  #boss: Boss | undefined;

  private constructor(
    readonly place: Place,
    private readonly clients: pg.Pool,
    private readonly style: RivalStyle,
  ) {
    this.#effects = new Effects(place, 'effect');
    this.#options = { connectionString: place.url, max: 12, schedule: false, useListenNotify: true };
  }

  static async open(style: RivalStyle): Promise<PgBoss> {
    const place = await Place.make();
    await place.pool.query(EFFECT_TABLE + ACCOUNT_TABLE);
    const side = new PgBoss(place, poolOf(place.url, 16), style);
    await side.prepare();
    await side.#boss!.createQueue(QUEUE, { notify: true });
    await side.leave();
    return side;
  }

  /** Another process on a database that was made already. */
  static at(url: string): PgBoss {
    return new PgBoss(Place.at(url), poolOf(url, 16), 'batch');
  }

  get address(): Address {
    return { side: 'pg-boss', url: this.place.url };
  }

  async fill(postings: readonly Posting[]): Promise<void> {
    await this.prepare();
    for (let from = 0; from < postings.length; from += 1000) {
      const jobs = postings.slice(from, from + 1000).map((data) => ({ data }));
      await this.#boss!.insert(QUEUE, jobs);
    }
    await this.place.pool.query('ANALYZE pgboss.job_common');
  }

  async prepare(): Promise<void> {
    if (this.#boss) return;
    const { PgBoss: Library } = await pgBoss();
    this.#boss = new Library(this.#options);
    this.#boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
    await this.#boss.start();
  }

  async work(): Promise<void> {
    const handle = (jobs: Jobs) => (this.style === 'batch' ? this.#batch(jobs) : this.#each(jobs));
    await this.#boss!.work<Posting>(QUEUE, SETTINGS, handle);
  }

  async leave(): Promise<void> {
    await this.#boss?.stop({ graceful: true, timeout: 10_000 });
    this.#boss = undefined;
  }

  async post(posting: Posting, silent = false): Promise<void> {
    const client = await this.clients.connect();
    const db = { executeSql: (text: string, values: unknown[]) => client.query(text, values) };
    await client.query('BEGIN');
    await client.query(POST, [posting.account, posting.amount]);
    if (!silent) await this.#boss!.send(QUEUE, posting, { db });
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

  async #batch(jobs: Jobs): Promise<void> {
    await this.clients.query(INSERT_MANY, columns(jobs.map(({ data }) => data)));
    for (const { data } of jobs) arrivals.note(data.number);
  }

  async #each(jobs: Jobs): Promise<void> {
    const rest = jobs.values();
    const worker = async () => {
      for (const { data } of rest) {
        await this.clients.query(INSERT_ONE, [data.account, data.number]);
        arrivals.note(data.number);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
}
