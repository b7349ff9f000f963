import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { arrivals } from '../arrivals.js';
import type { Bench, Row, Series } from '../harness.js';
import { count, holds, inTurns, median, times } from '../harness.js';
import { Ours } from '../ours.js';
import { postings } from './produce.js';

const LARGE = 1_000_000;
const SMALL = 10_000;
const BATCH = 500;

/** Many rows at once, as `Ours.fill` would write them one by one. */
const FILL = `
  INSERT INTO ledger.outbox (id, aggregatetype, aggregateid, type, payload, headers)
  SELECT gen_random_uuid(), aggregatetype, 'account-' || n % 10000, type,
         payload || jsonb_build_object('account', 'account-' || n % 10000, 'number', n), headers
    FROM ledger.outbox, generate_series(1, $1) AS n WHERE seq = (SELECT max(seq) FROM ledger.outbox) ORDER BY n`;

/** Whether a million rows that wait make reading them slow, or memory and tables grow. */
export async function largeBacklog(bench: Bench): Promise<Row[]> {
  const large = await Ours.open('batch');
  const small = await Ours.open('batch');
  try {
    bench.say('  a million rows are written');
    await large.fill(postings(1));
    await large.admin.query(FILL, [LARGE - 1]);
    await tidy(large);
    const memory = new Memory();
    const part = Math.floor(LARGE / 5);
    const series = await inTurns(bench, {
      large: async () => memory.around(() => stretch(large, part)),
      small: async () => median([await fresh(small), await fresh(small), await fresh(small)]),
    });
    return [row(series, memory, await deadRows(large)), await writeAhead(bench)];
  } finally {
    for (const side of [large, small]) await side.close();
  }
}

/** A backlog gathers while nobody reads; the server's own vacuum has long passed over it by then. */
async function tidy({ admin }: Ours): Promise<void> {
  await admin.query('VACUUM (ANALYZE) ledger.outbox');
}

async function fresh(side: Ours): Promise<number> {
  await side.fill(postings(SMALL));
  await tidy(side);
  return await stretch(side, SMALL);
}

/**
 * Works on what is stored until so many messages have come, and stops.
 * @returns messages per second between the first batch and the last
 */
async function stretch(side: Ours, messages: number): Promise<number> {
  await side.prepare();
  const all = arrivals.expect(messages);
  let first: number | undefined;
  arrivals.listener = () => (first ??= performance.now());
  await side.work();
  await all;
  const seconds = (performance.now() - first!) / 1000;
  arrivals.listener = undefined;
  await side.leave();
  return (messages - BATCH) / seconds;
}

/** The heap in use, garbage collected before every look. */
class Memory {
  readonly #collect: () => void;
  readonly #looks: number[] = [];

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as () => void;
  }

  async around(work: () => Promise<number>): Promise<number> {
    this.#look();
    const figure = await work();
    this.#look();
    return figure;
  }

  /** Megabytes from the end of the first stretch to the end of the last: the code is loaded and compiled before that. */
  get growth(): number {
    return this.#looks.at(-1)! - this.#looks[1]!;
  }

  #look(): void {
    this.#collect();
    this.#looks.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
}

async function deadRows({ admin }: Ours): Promise<number> {
  await admin.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await admin.query('SELECT coalesce(sum(n_dead_tup), 0)::int AS dead FROM pg_stat_user_tables');
  return rows[0].dead as number;
}

/** What the log grows by for each message: when it is stored, and when it is delivered to a handler without an effect. */
async function writeAhead({ turns }: Bench): Promise<Row> {
  const messages = turns === 1 ? 20_000 : 100_000;
  const side = await Ours.open('nothing');
  try {
    const stored = await logged(side, () => side.fill(postings(messages)));
    const delivered = await logged(side, () => stretch(side, messages));
    const [store, deliver] = [stored / messages, delivered / messages];
    return {
      benchmark: 'write-ahead log of an event of 150 bytes',
      target: '≤ 300 B to deliver it',
      measured: `${count(deliver)} B to deliver it, ${count(store)} B to store it`,
      reached: deliver <= 300,
    };
  } finally {
    await side.close();
  }
}

async function logged({ admin }: Ours, work: () => Promise<unknown>): Promise<number> {
  const position = async () => (await admin.query('SELECT pg_current_wal_lsn() AS lsn')).rows[0].lsn as string;
  const before = await position();
  await work();
  const { rows } = await admin.query('SELECT pg_wal_lsn_diff($1, $2)::float8 AS bytes', [await position(), before]);
  return rows[0].bytes as number;
}

function row(series: Series, memory: Memory, dead: number): Row {
  const ratio = series.ratio('large', 'small');
  const rates = `${count(series.of('large'))}/s and ${count(series.of('small'))}/s`;
  return {
    benchmark: 'backlog of 1,000,000 rows against 10,000',
    target: '≥ 0.9 × the drain rate, memory flat, no dead rows',
    measured: `${times(ratio)} (${rates}), heap ${memory.growth.toFixed(1)} MB more after it, ${count(dead)} dead rows`,
    reached: holds([ratio, '≥', 0.9], [memory.growth, '≤', 5], [dead, '≤', 1000]),
  };
}
