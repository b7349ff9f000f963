import { eventually } from '../../src/platform/testing/index.js';
import type { Place } from './server.js';
import { arrivals } from './arrivals.js';
import type { Posting } from './ledger.js';

/** How the rivals' handlers work: a message at a time, or a batch with one statement. */
export type RivalStyle = 'each' | 'batch';

/** One of those that are compared, with a database of its own. */
export interface Side {
  /** Stores messages; nobody works on them yet. */
  fill(postings: readonly Posting[]): Promise<void>;
  /** Starts what need not be timed. */
  prepare(): Promise<void>;
  /** Begins to work on what is stored. */
  work(): Promise<void>;
  /** Ends the work; the database stays. */
  leave(): Promise<void>;
  /** How many effects there are. */
  effects(): Promise<number>;
  /** Forgets the effects. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Where another process finds a side. */
export interface Address {
  side: 'ours' | 'graphile' | 'pg-boss';
  url: string;
}

/** A side that writes whole transactions, 16 of them at once. */
export interface Producing {
  readonly address: Address;
  /** One business transaction, in which the message is stored as well unless `silent`. */
  post(posting: Posting, silent?: boolean): Promise<void>;
}

/** Where the effects of a side are. */
export class Effects {
  constructor(
    private readonly place: Pick<Place, 'pool'>,
    private readonly table: string,
  ) {}

  async count(): Promise<number> {
    const { rows } = await this.place.pool.query(`SELECT count(*)::int AS n FROM ${this.table}`);
    return rows[0].n as number;
  }

  async clear(): Promise<void> {
    await this.place.pool.query(`TRUNCATE ${this.table}`);
  }
}

/**
 * Works off messages that are stored already.
 * @returns messages per second, from the beginning of work to the last effect being there
 */
export async function drain(side: Side, postings: readonly Posting[]): Promise<number> {
  await side.clear();
  await side.fill(postings);
  await side.prepare();
  const all = arrivals.expect(postings.length);
  const began = performance.now();
  await side.work();
  await all;
  await allThere(side, postings.length);
  const seconds = (performance.now() - began) / 1000;
  await side.leave();
  return postings.length / seconds;
}

/** @throws when an effect is missing, or there are more of them than messages */
export async function allThere(side: Pick<Side, 'effects'>, messages: number): Promise<void> {
  await eventually(async () => (await side.effects()) >= messages, 'every effect', 60_000);
  const effects = await side.effects();
  if (effects !== messages) throw new Error(`${effects} effects of ${messages} messages`);
}
