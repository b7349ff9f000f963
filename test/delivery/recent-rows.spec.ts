import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { EVERYTHING, LocalFeed } from '../../src/platform/delivery/feed/feed.js';
import { OutboxWatch } from '../../src/platform/delivery/feed/outbox-watch.js';
import { RecentRows } from '../../src/platform/delivery/feed/recent-rows.js';
import { BoundedContext } from '../../src/platform/index.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';

@BoundedContext({ name: 'speaker', contracts: {}, providers: [] })
class Speaker {}

const APPEND = `INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
                VALUES ($1, 'speaker', 'key', 'speaker.said.v1', '{}', '{}')`;

describe('the newest rows of an outbox', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let watch: OutboxWatch;
  beforeAll(async () => {
    database = await testDatabase([Speaker]);
    const connectionString = database.urls.get('speaker')!;
    pool = new pg.Pool({ connectionString, max: 16, options: '-c search_path=speaker' });
    watch = new OutboxWatch('speaker', connectionString, () => undefined);
    await watch.start();
  }, 60_000);
  afterAll(async () => {
    await watch.stop();
    await pool.end();
    await database.drop();
  });

  /** A transaction that takes its time between its rows, and before its end. */
  async function write(end: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<void> {
    const client = await pool.connect();
    await client.query('BEGIN');
    for (let row = 0; row < 1 + Math.random() * 3; row++) {
      await client.query(APPEND, [randomUUID()]);
      await client.query('SELECT pg_sleep($1)', [Math.random() * 0.004]);
    }
    await client.query(end);
    client.release();
    watch.committed();
  }

  async function writer(times: number): Promise<void> {
    for (let n = 0; n < times; n++) await write(Math.random() < 0.2 ? 'ROLLBACK' : 'COMMIT');
  }

  it('holds every row that has settled, in order, whatever its writers do: nobody reads the table', async () => {
    const inMemory = new LocalFeed('speaker', () => expect(false).toBe(true) as never, watch);
    const seen: number[] = [];
    const over = new AbortController();
    let position = 0;
    const reading = (async () => {
      while (!over.signal.aborted) {
        await inMemory.wait(position, over.signal);
        if (over.signal.aborted) return;
        const { messages, upTo } = await inMemory.read(position, EVERYTHING, 500);
        seen.push(...messages.map(({ seq }) => seq));
        position = upTo;
      }
    })();
    await Promise.all(Array.from({ length: 16 }, () => writer(60)));
    const { rows } = await pool.query<{ seq: number }>('SELECT seq::int AS seq FROM outbox ORDER BY seq');
    await Promise.race([reading, eventually(() => position >= rows.at(-1)!.seq, 'everything being read')]);
    over.abort();
    await reading;
    expect(seen).toEqual(rows.map(({ seq }) => seq));
  }, 60_000);

  it('hands objects of his own to everyone', async () => {
    const feed = new LocalFeed('speaker', () => pool, watch);
    const from = watch.settled;
    const [one, other] = [new AbortController(), new AbortController()];
    const woken = [feed.wait(from, one.signal), feed.wait(from, other.signal)];
    await write();
    await write();
    await Promise.all(woken);
    const [first, second] = [await feed.read(from, EVERYTHING, 500), await feed.read(from, EVERYTHING, 500)];
    (first.messages[0]!.payload as { changed?: true }).changed = true;
    expect(second.messages[0]!.payload).toEqual({});
  });
});

describe('rows that are kept', () => {
  const row = (seq: number, payload = '{}') => {
    return { seq, id: '', aggregatetype: '', aggregateid: '', type: '', payload, headers: '{}', said: 0 };
  };
  const rowsTo = (last: number) => Array.from({ length: last }, (_, n) => row(n + 1));

  it('are those after where it began: who is further behind, or has seen all, reads for himself', () => {
    const recent = new RecentRows();
    expect(recent.after(0)).toBeUndefined();
    recent.restart(5);
    expect(recent.after(5)).toBeUndefined();
    recent.add([row(7), row(9), row(12)], 10);
    expect(recent.after(4)).toBeUndefined();
    expect(recent.after(5)).toEqual({ rows: [row(7), row(9)], upTo: 10 });
    expect(recent.after(7)).toEqual({ rows: [row(9)], upTo: 10 });
    expect(recent.after(10)).toBeUndefined();
  });

  it('are the last of many', () => {
    const recent = new RecentRows();
    recent.restart(0);
    recent.add(rowsTo(1001), 1001);
    expect(recent.after(0)).toBeUndefined();
    expect(recent.after(501)?.rows).toHaveLength(500);
    expect(recent.after(500)?.rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 501 }, (_, n) => n + 501));
  });

  it('are the last of large ones, and the newest however large', () => {
    const recent = new RecentRows();
    recent.restart(0);
    const large = 'x'.repeat(400_000);
    recent.add([row(1, large), row(2, large), row(3, large)], 3);
    expect(recent.after(0)).toBeUndefined();
    expect(recent.after(2)?.rows.map(({ seq }) => seq)).toEqual([3]);
    recent.add([row(4, 'x'.repeat(2_000_000))], 4);
    expect(recent.after(3)?.rows.map(({ seq }) => seq)).toEqual([4]);
  });
});
