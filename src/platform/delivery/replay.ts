import type { ClientBase, PoolClient } from 'pg';
import { Conflict, Invalid, NotFound } from '../messaging/errors.js';
import type { Database } from '../persistence/database.js';
import { allowStatements, LONG_STATEMENT_TIMEOUT_MS } from '../persistence/connection.js';
import { UnitOfWork } from '../persistence/unit-of-work.js';
import type { Consumer } from './consumer.js';
import type { FeedFilter } from './feed.js';
import type { DeliverySource } from './lag.js';
import { notify } from './outbox-watch.js';
import { partitionsOf } from './outbox-partitions.js';
import { holdingRows } from './retention.js';

/** A moment, or the beginning of everything. */
export type ReplayFrom = Date | 'start';

export interface Replayed {
  producer: string;
  /** Messages that the consumer hears again. */
  messages: number;
}

/**
 * Has a rebuildable consumer hear again what was said since a moment; others are not affected. From the start its read
 * model is emptied first. What was put aside for it since then is heard again with the rest.
 *
 * Everything is changed in one transaction of the consumer's module; running processes notice at once.
 *
 * @param name of the consumer: `module.subscription`
 * @throws NotFound, Invalid when it cannot be replayed, Conflict when what it asks for is no longer kept or not here
 */
export async function replay(source: DeliverySource, name: string, from: ReplayFrom): Promise<Replayed[]> {
  const consumer = rebuildable(source, name);
  const producers = [...consumer.sources.keys()].sort();
  const elsewhere = producers.find((producer) => !source.running.has(producer));
  if (elsewhere)
    throw new Conflict(
      'producer_elsewhere',
      `The outbox of ${elsewhere}, which ${name} reads, is not reachable from here.`,
    );
  const database = source.database(consumer.module);
  return await holdingAll(
    producers.map((producer) => source.database(producer)),
    async (clients) => {
      const starts = await startsOf(consumer, clients, from);
      await report(name, clients, starts);
      await rewind(database, consumer, starts, from === 'start');
      await notify(database.pool, consumer.module, 'progress');
      return starts.map(({ producer, messages }) => ({ producer, messages }));
    },
  );
}

function rebuildable({ consumers }: DeliverySource, name: string): Consumer {
  const consumer = consumers.find((each) => each.name === name || each.declared === name);
  const able = consumers.filter((each) => each.rebuildable).map((each) => each.name);
  const hint =
    able.length > 0 ? `These can be replayed: ${able.sort().join(', ')}.` : 'No consumer here can be replayed.';
  if (!consumer) throw new NotFound('unknown_consumer', `There is no consumer ${name}. ${hint}`);
  if (!consumer.rebuildable) throw new Invalid('not_rebuildable', `${name} is not declared rebuildable. ${hint}`);
  return consumer;
}

/** While they are held, nobody drops rows that are to be heard again. Always in the same order, so that two replays do not wait for each other. */
async function holdingAll<T>(
  producers: readonly Database[],
  work: (clients: Map<string, PoolClient>) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = producers;
  if (!first) return await work(new Map());
  const held = await holdingRows(first.pool, 'wait', (client) =>
    holdingAll(rest, (clients) => work(new Map([[first.module, client], ...clients]))),
  );
  return held as T;
}

interface Start {
  producer: string;
  /** The position to go back to. */
  position: number;
  messages: number;
}

async function startsOf(consumer: Consumer, clients: Map<string, PoolClient>, from: ReplayFrom): Promise<Start[]> {
  const oldest = await Promise.all([...clients.values()].map(oldestPossible));
  const earliest = oldest.reduce((a, b) => (a > b ? a : b), new Date(0));
  if (earliest > new Date(0) && (from === 'start' || from < earliest)) {
    const possible = `The oldest possible start is ${earliest.toISOString()}: what was said before is no longer kept.`;
    throw new Conflict('no_longer_kept', `${consumer.name} cannot be replayed from ${textOf(from)}. ${possible}`);
  }
  return await Promise.all(
    [...clients].map(([producer, client]) => startOf(producer, client, consumer.sources.get(producer)!, from)),
  );
}

/** The time of the oldest row, to the millisecond, where older ones have been dropped; else the beginning of time. */
async function oldestPossible(client: ClientBase): Promise<Date> {
  if ((await partitionsOf(client)).from[0] === 1) return new Date(0);
  const text = `SELECT coalesce(date_trunc('milliseconds', min(created_at)), now()) AS at
                  FROM (SELECT created_at FROM outbox ORDER BY seq LIMIT 1) oldest`;
  return (await client.query<{ at: Date }>(text)).rows[0]!.at;
}

async function startOf(producer: string, client: ClientBase, filter: FeedFilter, from: ReplayFrom): Promise<Start> {
  const { rows } = await client.query<{ position: number; messages: number }>(
    `SELECT position::float8, (SELECT count(*)::int FROM outbox
              WHERE seq > position AND aggregatetype = ANY ($2) AND type = ANY ($3)) AS messages
       FROM (SELECT CASE WHEN $1::timestamptz IS NULL THEN 0
                         ELSE (SELECT coalesce(min(seq) - 1, (SELECT last_value FROM outbox_seq))
                                 FROM outbox WHERE created_at >= $1) END AS position) start`,
    [from === 'start' ? null : from, filter.streams, filter.types],
  );
  return { producer, ...rows[0]! };
}

/** The producers are told first: a crash in between leaves them keeping too much, which the next report puts right. */
async function report(consumer: string, clients: Map<string, PoolClient>, starts: readonly Start[]): Promise<void> {
  const text = 'UPDATE outbox_reader SET position = least(position, $2) WHERE consumer = $1';
  for (const { producer, position } of starts) await clients.get(producer)!.query(text, [consumer, position]);
}

/** Locked progress keeps the consumer from working; a parked message that is being handled is waited for. */
async function rewind(database: Database, consumer: Consumer, starts: readonly Start[], empty: boolean): Promise<void> {
  const unit = new UnitOfWork(database.module, database.dataSource, async (client) =>
    allowStatements(client, LONG_STATEMENT_TIMEOUT_MS),
  );
  try {
    const client = await unit.client();
    const lock = 'SELECT FROM consumer_progress WHERE consumer = $1 ORDER BY producer, parts, part FOR UPDATE';
    await client.query(lock, [consumer.name]);
    for (const { producer, position } of starts) {
      const values = [consumer.name, producer, position];
      await client.query('DELETE FROM parked_message WHERE consumer = $1 AND producer = $2 AND seq > $3', values);
      await client.query(FORGET_SHELVED, values);
      await client.query(MOVE, values);
      await client.query(MOVE_TYPES, values);
    }
    if (empty) await consumer.reset?.(unit);
    await unit.commit();
  } catch (error) {
    await unit.rollback();
    throw error;
  }
}

/** What was handled beyond the new start is forgotten; whoever has read it already notices by the changed coverage. */
const CAPPED = (handled: string, start: string) => `
  (SELECT coalesce(jsonb_agg(e || jsonb_build_object('position', least((e->>'position')::bigint, $3::bigint))), '[]')
     FROM jsonb_array_elements(${handled}) e WHERE ${start})`;
const MOVE = `
  UPDATE consumer_progress
     SET position = least(position, $3), updated_at = now(), coverage = coverage + 1,
         passed = ${CAPPED('passed', '$3 > position')}
   WHERE consumer = $1 AND producer = $2`;
/** Types that no version here knows at present: the one that does hears them again too. */
const MOVE_TYPES = `
  UPDATE consumer_type SET handled = ${CAPPED('handled', 'true')}
   WHERE consumer = $1 AND producer = $2 AND handled IS NOT NULL`;
const FORGET_SHELVED = `
  DELETE FROM shelved_message
   WHERE consumer = $1 AND parked->>'producer' = $2 AND (parked->>'seq')::bigint > $3::bigint`;

const textOf = (from: ReplayFrom) => (from === 'start' ? 'the start' : from.toISOString());
