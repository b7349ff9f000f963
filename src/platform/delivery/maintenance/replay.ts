import type { ClientBase } from 'pg';
import { Invalid, NotFound } from '../../messaging/errors.js';
import type { Database } from '../../transaction/database.js';
import { allowStatements, LONG_STATEMENT_TIMEOUT_MS } from '../../connection/connection.js';
import { UnitOfWork } from '../../transaction/unit-of-work.js';
import type { Consumer } from '../consumer/consumer.js';
import { notify } from '../feed/outbox-watch.js';
import { ensureProgress } from '../checkpoint/progress.js';
import type { BeginAt, Beginning } from './replay-start.js';
import { beginHeld, noLongerKept, oldestPossible } from './replay-start.js';
import { withRetentionLock } from './retention.js';
import type { AskProducer, Rewound } from '../checkpoint/start-guard.js';
import { namesOf, rewoundOf } from '../checkpoint/start-guard.js';

/** Where consumers and their producers are, here or in other processes. */
export interface ReplaySource {
  readonly consumers: readonly Consumer[];
  readonly running: ReadonlySet<string>;
  database(module: string): Database;
  /** As {@link beginAgain}, wherever the producer runs. */
  beginAgain(producer: string, begin: BeginAt): Promise<Beginning>;
  readonly askProducer: AskProducer;
}

/** A moment, or the beginning of everything. */
export type ReplayFrom = Date | 'start';

export interface Replayed {
  producer: string;
  /** Messages that the consumer hears again. */
  messages: number;
}

/**
 * Has a consumer hear again what was said since a moment: one that is rebuildable, or that does not start because its
 * tables are empty or of a backup. Others are not affected. From the start its read model is emptied first. What was put
 * aside for it since then is heard again with the rest.
 *
 * Everything is changed in one transaction of the consumer's module; running processes notice at once. Producers in this
 * process drop nothing meanwhile; those in others keep what is heard again from the moment at which they are asked.
 *
 * @param name of the consumer: `module.subscription`
 * @throws NotFound, Invalid when it cannot be replayed, Conflict when what it asks for is no longer kept, Unavailable when
 *   a producer in another process does not answer
 */
export async function replay(source: ReplaySource, name: string, from: ReplayFrom): Promise<Replayed[]> {
  const consumer = findConsumer(source, name);
  const exact = !consumer.rebuildable;
  if (exact && (await rewoundIn(source, consumer)).length === 0) refuse(source, name);
  const producers = [...consumer.sources.keys()].sort();
  const database = source.database(consumer.module);
  const moment = from === 'start' ? null : from;
  const begin = (producer: string) => ({
    names: namesOf(consumer),
    from: moment,
    filter: consumer.sources.get(producer)!,
  });
  const begun = async (producer: string, beginning: Beginning): Promise<Start> =>
    'oldest' in beginning ? noLongerKept(consumer.name, moment, beginning.oldest) : { producer, ...beginning };
  const away = producers.filter((producer) => !source.running.has(producer));
  const far = await Promise.all(away.map(async (each) => begun(each, await source.beginAgain(each, begin(each)))));
  const here = producers.filter((producer) => source.running.has(producer)).map((each) => source.database(each));
  return await holdingAll(here, async (clients) => {
    await refuseTooEarly(consumer.name, clients, moment);
    const near = [...clients].map(async ([each, client]) => begun(each, await beginHeld(client, begin(each))));
    const starts = [...far, ...(await Promise.all(near))].sort((a, b) => a.producer.localeCompare(b.producer));
    await place(database, consumer, starts, { exact, empty: from === 'start' });
    return starts.map(({ producer, messages }) => ({ producer, messages }));
  });
}

/** @throws NotFound that names those that can be replayed */
export function findConsumer(source: ReplaySource, name: string): Consumer {
  const consumer = source.consumers.find((each) => each.name === name || each.declared === name);
  if (!consumer) throw new NotFound('unknown_consumer', `There is no consumer ${name}. ${replayable(source)}`);
  return consumer;
}

function refuse(source: ReplaySource, name: string): never {
  throw new Invalid('not_rebuildable', `${name} is not declared rebuildable. ${replayable(source)}`);
}

function replayable({ consumers }: ReplaySource): string {
  const able = consumers.filter((each) => each.rebuildable).map((each) => each.name);
  return able.length > 0 ? `These can be replayed: ${able.sort().join(', ')}.` : 'No consumer here can be replayed.';
}

/** Of which producers the consumer had heard more than its tables know. @throws Unavailable where one does not answer */
export async function rewoundIn(source: ReplaySource, consumer: Consumer): Promise<Rewound[]> {
  const database = source.database(consumer.module);
  const asked = [...consumer.sources.keys()].map((each) => rewoundOf(consumer, each, database, source.askProducer));
  return (await Promise.all(asked)).filter((rewound) => rewound !== undefined);
}

/** While they are held, nobody drops rows that are to be heard again. Always in the same order, so that two replays do not wait for each other. */
async function holdingAll<T>(
  producers: readonly Database[],
  work: (clients: Map<string, ClientBase>) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = producers;
  if (!first) return await work(new Map());
  const held = await withRetentionLock(first, 'wait', (client) =>
    holdingAll(rest, (clients) => work(new Map([[first.module, client], ...clients]))),
  );
  return held as T;
}

/** All are asked before any is told: the oldest possible start is the same for all of them. */
async function refuseTooEarly(name: string, clients: Map<string, ClientBase>, from: Date | null): Promise<void> {
  const oldest = (await Promise.all([...clients.values()].map(oldestPossible))).filter((each) => each !== undefined);
  const earliest = oldest.sort((a, b) => b.getTime() - a.getTime())[0];
  if (earliest && (from === null || from < earliest)) noLongerKept(name, from, earliest);
}

interface Start {
  producer: string;
  /** The position to go back to. */
  position: number;
  messages: number;
}

/**
 * Sets the checkpoints of a consumer. Unless `exact`, those that have not come as far stay where they are. With `empty` its
 * read model is emptied. Locked progress keeps the consumer from working; a parked message that is being handled
 * is waited for.
 */
export async function place(
  database: Database,
  consumer: Consumer,
  starts: readonly Pick<Start, 'producer' | 'position'>[],
  { exact, empty }: { exact: boolean; empty: boolean },
): Promise<void> {
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
      if (exact)
        await ensureProgress(client, {
          consumer: consumer.name,
          producer,
          share: { part: 0, of: consumer.partitions },
        });
      await client.query(exact ? PLACE : MOVE, values);
      await client.query(MOVE_TYPES, values);
    }
    if (empty) await consumer.reset?.(unit);
    await unit.commit();
    await notify(database.pool, consumer.module, 'progress');
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
const PLACE = `
  UPDATE consumer_progress SET position = $3, updated_at = now(), coverage = coverage + 1, passed = '[]'
   WHERE consumer = $1 AND producer = $2`;
/** Types that no version here knows at present: the one that does hears them again too. */
const MOVE_TYPES = `
  UPDATE consumer_type SET handled = ${CAPPED('handled', 'true')}
   WHERE consumer = $1 AND producer = $2 AND handled IS NOT NULL`;
const FORGET_SHELVED = `
  DELETE FROM shelved_message
   WHERE consumer = $1 AND parked->>'producer' = $2 AND (parked->>'seq')::bigint > $3::bigint`;
