import type { ClientBase } from 'pg';
import type { Database } from '../../transaction/database.js';
import { transact } from '../../transaction/transact.js';
import type { Consumer } from '../consumer/consumer.js';
import type { Checkpoint, Typed } from './coverage.js';
import { handledOf, rewound } from './coverage.js';
import { notify } from '../feed/outbox-watch.js';
import type { HandledRange } from './share.js';
import { shelve, unshelve } from './shelf.js';

/** A type that this version knows is noted as seen at most so often: milliseconds. */
const SEEN_EVERY_MS = 30_000;

interface Row extends Checkpoint {
  coverage: number | null;
}

interface TypeRow extends Typed {
  handled: HandledRange[] | null;
}

type Pair = Pick<Consumer, 'name'> & { producer: string };

/**
 * Extends the covered set of a consumer and producer by the types that this version knows, in one transaction that waits
 * for the batches under way. What was passed before by versions that did not know a type comes next: from where the type
 * was handled when it last left the set, else from the oldest message that is kept.
 *
 * A checkpoint whose set was never recorded, as a new one or one of release 0.1.0, covers from now on what this version
 * knows, from where it stands.
 */
export async function cover(database: Database, pair: Pair, own: readonly Typed[]): Promise<void> {
  const grown = await transact(database, async (client) => {
    const checkpoints = await lockCheckpoints(client, pair);
    const known = await typesOf(client, pair);
    const covered = known.filter(({ handled }) => handled === null).map(({ type }) => type);
    const missing = own.filter(({ type }) => !covered.includes(type));
    const recorded = checkpoints.some(({ coverage }) => coverage !== null);
    if (missing.length === 0 && checkpoints.every(({ coverage }) => coverage !== null)) return false;
    const handled = ({ type }: Typed) => known.find((each) => each.type === type)?.handled ?? [];
    const gained = missing.map((each) => ({ type: each.type, handled: handled(each) }));
    await join(client, pair, missing);
    await count(client, pair);
    if (!recorded) return false;
    for (const row of checkpoints) await save(client, pair, rewound(row, covered, gained));
    await unshelve(
      client,
      pair.name,
      missing.map(({ type }) => type),
    );
    return true;
  });
  if (grown) await notify(database.pool, database.module, 'progress');
}

/**
 * Takes the types out of the covered sets of these consumers that no running replica has known for `graceMs`, and notes
 * through which positions they were handled. Their messages that were set aside hold up their keys no longer: see
 * {@link shelve}.
 */
export async function retireTypes(database: Database, consumers: readonly Consumer[], graceMs: number): Promise<void> {
  const names = consumers.filter(isTracked).map(({ name }) => name);
  const text = `SELECT DISTINCT consumer AS name, producer FROM consumer_type WHERE consumer = ANY ($1) AND ${FORGOTTEN}`;
  const { rows } = await database.pool.query<Pair>(text, [names, graceMs]);
  for (const pair of rows) await retire(database, pair, graceMs);
  if (rows.length > 0) await notify(database.pool, database.module, 'progress');
  await shelve(database.pool, names);
}

const FORGOTTEN = `handled IS NULL AND seen_at < now() - $2 * interval '1 ms'`;

async function retire(database: Database, pair: Pair, graceMs: number): Promise<void> {
  await transact(database, async (client) => {
    const checkpoints = await lockCheckpoints(client, pair);
    const text = `SELECT type FROM consumer_type WHERE consumer = $1 AND producer = $3 AND ${FORGOTTEN} FOR UPDATE`;
    const { rows } = await client.query<{ type: string }>(text, [pair.name, graceMs, pair.producer]);
    for (const { type } of rows) {
      const values = [pair.name, type, JSON.stringify(handledOf(type, checkpoints))];
      await client.query('UPDATE consumer_type SET handled = $3 WHERE consumer = $1 AND type = $2', values);
    }
    await count(client, pair);
  });
}

/** Notes that a running replica knows these types: for whoever looks whether any does. */
export async function noteKnown(database: Database, consumers: readonly Consumer[]): Promise<void> {
  await note(database, consumers.filter(isTracked), 'UPDATE');
  await note(
    database,
    consumers.filter((consumer) => !isTracked(consumer)),
    'INSERT',
  );
}

/**
 * Of one that reads whole streams there is no covered set, hence nothing to update before it is noted here: without a
 * stream, so that nobody takes it for a covered type.
 */
const isTracked = ({ sources }: Consumer) => [...sources.values()].some(({ typed }) => typed.length > 0);

const OLD = `t.seen_at < now() - ${SEEN_EVERY_MS} * interval '1 ms'`;
const NOTE = {
  UPDATE: `UPDATE consumer_type t SET seen_at = now() FROM unnest($1::text[], $2::text[]) k (consumer, type)
            WHERE t.consumer = k.consumer AND t.type = k.type AND ${OLD}`,
  INSERT: `INSERT INTO consumer_type AS t (consumer, type, producer, stream)
           SELECT consumer, type, current_schema(), '' FROM unnest($1::text[], $2::text[]) k (consumer, type)
               ON CONFLICT (consumer, type) DO UPDATE SET seen_at = now() WHERE ${OLD}`,
};

async function note({ pool }: Database, consumers: readonly Consumer[], how: keyof typeof NOTE): Promise<void> {
  const known = consumers.flatMap(({ name, types }) => [...types].map((type) => [name, type] as const));
  if (known.length > 0) await pool.query(NOTE[how], [known.map(([name]) => name), known.map(([, type]) => type)]);
}

/** Always in the same order, so that two who change the set do not wait for each other. */
async function lockCheckpoints(client: ClientBase, { name, producer }: Pair): Promise<Row[]> {
  const text = `
    SELECT part, parts AS of, position::float8 AS position, passed, coverage FROM consumer_progress
     WHERE consumer = $1 AND producer = $2 ORDER BY parts, part FOR UPDATE`;
  return (await client.query<Row>(text, [name, producer])).rows;
}

async function typesOf(client: ClientBase, { name, producer }: Pair): Promise<TypeRow[]> {
  const text = 'SELECT stream, type, handled FROM consumer_type WHERE consumer = $1 AND producer = $2';
  return (await client.query<TypeRow>(text, [name, producer])).rows;
}

async function save(client: ClientBase, { name, producer }: Pair, at: Checkpoint): Promise<void> {
  const text = `UPDATE consumer_progress SET position = $5, passed = $6, updated_at = now()
                 WHERE consumer = $1 AND producer = $2 AND part = $3 AND parts = $4`;
  await client.query(text, [name, producer, at.part, at.of, at.position, JSON.stringify(at.passed)]);
}

/** Whoever reads by the set as it was notices. */
async function count(client: ClientBase, { name, producer }: Pair): Promise<void> {
  const text = `UPDATE consumer_progress SET coverage = 1 + (
                  SELECT coalesce(max(coverage), 0) FROM consumer_progress WHERE consumer = $1 AND producer = $2)
                 WHERE consumer = $1 AND producer = $2`;
  await client.query(text, [name, producer]);
}

async function join(client: ClientBase, { name, producer }: Pair, types: readonly Typed[]): Promise<void> {
  const text = `INSERT INTO consumer_type (consumer, producer, type, stream)
                SELECT $1, $2, * FROM unnest($3::text[], $4::text[])
                    ON CONFLICT (consumer, type) DO UPDATE SET handled = NULL, seen_at = now()`;
  await client.query(text, [name, producer, types.map(({ type }) => type), types.map(({ stream }) => stream)]);
}
