import type { ClientBase } from 'pg';
import { Conflict } from '../../messaging/errors.js';
import type { Database } from '../../transaction/database.js';
import type { FeedFilter } from '../feed/feed.js';
import { knowLess } from '../checkpoint/heard.js';
import { partitionsOf } from '../../schema/outbox-partitions.js';
import { withRetentionLock } from './retention.js';

/** What a consumer wants to hear again of one producer. */
export interface BeginAt {
  /** Under which the producer may know it. */
  names: readonly string[];
  /** Since when; null: everything. */
  from: Date | null;
  filter: FeedFilter;
}

/** Where it begins, and how many messages it hears; or the oldest possible start, where it asked for more than is kept. */
export type Beginning = { position: number; messages: number } | { oldest: Date };

/**
 * Has a producer keep what a consumer is to hear again: a crash after it leaves it keeping too much, which the next report
 * puts right.
 *
 * @throws Conflict when another process works on its old messages for too long
 */
export async function beginAgain(producer: Pick<Database, 'session'>, begin: BeginAt): Promise<Beginning> {
  return (await withRetentionLock(producer, 'wait', (client) => beginHeld(client, begin)))!;
}

/** The same, for who holds the rows of the producer already. */
export async function beginHeld(client: ClientBase, { names, from, filter }: BeginAt): Promise<Beginning> {
  const oldest = await oldestPossible(client);
  if (oldest && (from === null || from < oldest)) return { oldest };
  const start = await startOf(client, from, filter);
  await knowLess(client, names, start.position);
  return start;
}

/** The time of the oldest row, to the millisecond, where older ones have been dropped; else there is no limit. */
export async function oldestPossible(client: ClientBase): Promise<Date | undefined> {
  if ((await partitionsOf(client)).from[0] === 1) return undefined;
  const text = `SELECT coalesce(date_trunc('milliseconds', min(created_at)), now()) AS at
                  FROM (SELECT created_at FROM outbox ORDER BY seq LIMIT 1) oldest`;
  return (await client.query<{ at: Date }>(text)).rows[0]!.at;
}

async function startOf(client: ClientBase, from: Date | null, { streams, types }: FeedFilter) {
  const { rows } = await client.query<{ position: number; messages: number }>(
    `SELECT position::float8, (SELECT count(*)::int FROM outbox
              WHERE seq > position AND aggregatetype = ANY ($2) AND (type = ANY ($3) OR $3 = '{}')) AS messages
       FROM (SELECT CASE WHEN $1::timestamptz IS NULL THEN 0
                         ELSE (SELECT coalesce(min(seq) - 1, (SELECT last_value FROM outbox_seq))
                                 FROM outbox WHERE created_at >= $1) END AS position) start`,
    [from, streams, types],
  );
  return rows[0]!;
}

/** @throws Conflict that names the oldest possible start */
export function noLongerKept(consumer: string, from: Date | null, oldest: Date): never {
  const possible = `The oldest possible start is ${oldest.toISOString()}: what was said before is no longer kept.`;
  const asked = from === null ? 'the start' : from.toISOString();
  throw new Conflict('no_longer_kept', `${consumer} cannot be replayed from ${asked}. ${possible}`);
}
