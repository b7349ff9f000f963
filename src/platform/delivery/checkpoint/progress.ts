import type { ClientBase } from 'pg';
import type { SharedConnection } from '../../connection/session/shared-connection.js';
import type { Typed } from './coverage.js';
import type { HandledRange, Share } from './share.js';
import { WHOLE } from './share.js';

type Queryable = Pick<ClientBase, 'query'>;

/** Whose progress: a row for each share of a consumer and producer. */
export interface CheckpointKey {
  consumer: string;
  producer: string;
  share?: Share;
}

export const OWN = 'consumer = $1 AND producer = $2 AND part = $3 AND parts = $4';
export const own = ({ consumer, producer, share = WHOLE }: CheckpointKey) => [consumer, producer, share.part, share.of];

/**
 * Makes sure that the rows of all shares exist, which come and go together: it waits for no batch. A new consumer begins at the oldest message that is kept. One whose name
 * was given up for another gets none: see {@link Standing.consumer}.
 */
export async function ensureProgress(client: Queryable, reader: CheckpointKey): Promise<void> {
  const { consumer, producer, share = WHOLE } = reader;
  await client.query(
    `INSERT INTO consumer_progress (consumer, producer, part, parts) SELECT $1, $2, part, $3
       FROM generate_series(0, $3 - 1) part
      WHERE NOT EXISTS (SELECT FROM consumer_progress WHERE consumer = $1 AND producer = $2)
        AND NOT EXISTS (SELECT FROM consumer_alias WHERE former = $1)
         ON CONFLICT DO NOTHING`,
    [consumer, producer, share.of],
  );
}

/** A checkpoint as it is stored. */
export interface Standing {
  /** The name under which it is stored: another than the declared one after a subscription was renamed. */
  consumer: string;
  /** Null where there is no row, or the consumer is divided into another number of shares, see {@link divide}. */
  position: number | null;
  passed: readonly HandledRange[];
  /** Counts the changes of the covered set; null where it was never recorded. */
  coverage: number | null;
  covered: readonly Typed[];
}

/** @param declared the consumer's name in this version */
export async function readStanding(
  client: Pick<SharedConnection, 'query'>,
  declared: string,
  { producer, share = WHOLE }: Omit<CheckpointKey, 'consumer'>,
): Promise<Standing> {
  const text = `
    SELECT stored.consumer, position::float8 AS position, coalesce(passed, '[]') AS passed, coverage,
           coalesce((SELECT jsonb_agg(jsonb_build_object('stream', stream, 'type', type)) FROM consumer_type t
              WHERE t.consumer = stored.consumer AND t.producer = $2 AND stream <> '' AND handled IS NULL), '[]') AS covered
      FROM (SELECT coalesce((SELECT name FROM consumer_alias WHERE former = $1), $1) AS consumer) stored
      LEFT JOIN consumer_progress p
        ON p.consumer = stored.consumer AND p.producer = $2 AND part = $3 AND parts = $4
       AND NOT EXISTS (SELECT FROM consumer_progress o
                        WHERE o.consumer = stored.consumer AND o.producer = $2 AND o.parts <> $4)`;
  const { rows } = await client.query<Standing>(text, [declared, producer, share.part, share.of]);
  return rows[0]!;
}

/**
 * Divides a consumer into another number of shares, if it is not divided like this: each begins where the slowest of those
 * before it was, and remembers what the others had handled. One statement, which waits for batches that are under way.
 */
export async function divide(client: Queryable, { consumer, producer, share = WHOLE }: CheckpointKey): Promise<void> {
  const text = `
    WITH before AS (
      DELETE FROM consumer_progress WHERE consumer = $1 AND producer = $2 AND parts <> $3
      RETURNING part, parts, position, passed, coverage)
    INSERT INTO consumer_progress (consumer, producer, part, parts, position, passed, coverage)
    SELECT $1, $2, part, $3, slowest, handled, covered
      FROM (SELECT min(position) AS slowest, max(coverage) AS covered FROM before HAVING count(*) > 0) s,
           LATERAL (SELECT coalesce(jsonb_agg(entry), '[]') AS handled FROM (
             SELECT jsonb_build_object('part', part, 'of', parts, 'position', position) AS entry
               FROM before WHERE position > slowest
              UNION SELECT jsonb_array_elements(passed) FROM before) entries) h,
           generate_series(0, $3 - 1) part
        ON CONFLICT DO NOTHING`;
  await client.query(text, [consumer, producer, share.of]);
}

export interface Locked {
  position: number;
  /** Messages beyond the position that were handled nevertheless. */
  passed: readonly HandledRange[];
  /** As in {@link Standing}. */
  coverage: number | null;
  /** Whether any message of the consumer is parked. */
  parked: boolean;
}

/** Locks the progress of a reader for the transaction of `client`. @returns `undefined` while another replica holds it */
export async function lockProgress(client: ClientBase, reader: CheckpointKey): Promise<Locked | undefined> {
  const { rows } = await client.query<Locked>({
    name: 'progress-lock',
    text: `SELECT position::float8 AS position, passed, coverage,
                  EXISTS (SELECT FROM parked_message WHERE consumer = $1) AS parked
             FROM consumer_progress WHERE ${OWN} FOR UPDATE SKIP LOCKED`,
    values: own(reader),
  });
  return rows[0];
}

const STILL_PASSED = `CASE WHEN passed = '[]' THEN passed
  ELSE jsonb_path_query_array(passed, '$[*] ? (@.position > $upTo)', jsonb_build_object('upTo', $5::bigint)) END`;

/**
 * Locks a checkpoint for the transaction of `client`, and moves it on where it is the one that the reader knows: what it
 * covers is then handled in the same transaction.
 *
 * @param known the checkpoint as the reader has seen it last
 * @returns the checkpoint as it was found; `undefined` while another replica holds it
 */
export async function takeProgress(
  client: ClientBase,
  reader: CheckpointKey,
  known: Pick<Locked, 'position' | 'coverage'>,
  to: number,
): Promise<Locked | undefined> {
  const { rows } = await client.query<Locked>({
    name: 'progress-take',
    text: `WITH found AS MATERIALIZED (
             SELECT position, passed, coverage FROM consumer_progress WHERE ${OWN} FOR UPDATE SKIP LOCKED),
           moved AS (
             UPDATE consumer_progress SET position = $5, updated_at = now(), passed = ${STILL_PASSED}
              WHERE ${OWN} AND EXISTS (SELECT FROM found f WHERE f.position = $6 AND f.coverage IS NOT DISTINCT FROM $7))
           SELECT position::float8 AS position, passed, coverage,
                  EXISTS (SELECT FROM parked_message WHERE consumer = $1) AS parked FROM found`,
    values: [...own(reader), to, known.position, known.coverage],
  });
  return rows[0];
}

/** Puts a checkpoint that was moved in this transaction less far, as when only a part of what it covered was handled. */
export async function setBack(
  client: ClientBase,
  reader: CheckpointKey,
  to: number,
  { passed }: Locked,
): Promise<void> {
  const text = `UPDATE consumer_progress SET position = $5, passed = $6 WHERE ${OWN}`;
  await client.query({ name: 'progress-set-back', text, values: [...own(reader), to, JSON.stringify(passed)] });
}

/** What was passed is forgotten when the position has come that far. */
export async function advance(client: ClientBase, reader: CheckpointKey, position: number): Promise<void> {
  await client.query({
    name: 'progress-advance',
    text: `UPDATE consumer_progress SET position = $5, updated_at = now(), passed = ${STILL_PASSED} WHERE ${OWN}`,
    values: [...own(reader), position],
  });
}

/**
 * Saves progress over messages that are not the reader's.
 * @returns `false` when somebody else has moved it meanwhile, or covers other types
 */
export async function moveProgress(
  client: Queryable,
  reader: CheckpointKey,
  { position, coverage }: Pick<Locked, 'position' | 'coverage'>,
  to: number,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'progress-move',
    text: `UPDATE consumer_progress SET position = $7, updated_at = now()
            WHERE ${OWN} AND position = $5 AND coverage IS NOT DISTINCT FROM $6`,
    values: [...own(reader), position, coverage, to],
  });
  return rowCount === 1;
}
