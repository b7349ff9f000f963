import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventRow } from '../../../src/platform/transaction/message.js';
import { appendToOutbox } from '../../../src/platform/transaction/outbox.js';
import { ThingRaised } from './making.js';
import { random } from './workload.js';

const WRITERS = 16;
const THINGS = 40;

export interface Written {
  /** Of the transactions that committed. */
  tokens: string[];
  rolledBack: number;
}

/**
 * Sixteen writers at once, which commit some time after they have written: most soon, some after half a second, some not
 * at all. The unit of work writes its outbox rows last; these do the worst that is allowed.
 *
 * @param each transactions of each writer
 */
export async function write(url: string, run: string, seed: number, each: number): Promise<Written> {
  const written: Written = { tokens: [], rolledBack: 0 };
  const writers = Array.from({ length: WRITERS }, (_, n) =>
    writer(url, { run, n, each, seed: seed * 100 + n }, written),
  );
  await Promise.all(writers);
  return written;
}

interface Writer {
  run: string;
  n: number;
  each: number;
  seed: number;
}

async function writer(url: string, { run, n, each, seed }: Writer, written: Written): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=making' });
  await client.connect();
  const next = random(seed);
  for (let turn = 0; turn < each; turn++) {
    const tokens = [1, 2].slice(next() < 0.3 ? 0 : 1).map((time) => `${run}/t${n}.${turn}#${time}`);
    await client.query('BEGIN');
    await raise(client, `${run}/${Math.floor(next() * THINGS)}`, tokens);
    await delay(pauseOf(next()));
    const lost = next() < 0.15;
    await client.query(lost ? 'ROLLBACK' : 'COMMIT');
    if (lost) written.rolledBack++;
    else written.tokens.push(...tokens);
  }
  await client.end();
}

const pauseOf = (chance: number) => (chance < 0.02 ? 500 : chance * 12);

async function raise(client: pg.Client, thing: string, tokens: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `INSERT INTO thing VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = thing.version + $2 RETURNING version`,
    [thing, tokens.length],
  );
  const first = rows[0]!.version - tokens.length;
  const events = tokens.map((token, index) => new ThingRaised({ thing, version: first + index + 1, token }));
  await appendToOutbox(client, events.map(eventRow));
}
