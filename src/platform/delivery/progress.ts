import type { ClientBase } from 'pg';
import type { SharedConnection } from '../persistence/shared-connection.js';
import type { Passed, Share } from './share.js';
import { WHOLE } from './share.js';

type Queryable = Pick<ClientBase, 'query'>;

/** Whose progress: a row for each share of a consumer and producer. */
export interface Reader {
  consumer: string;
  producer: string;
  share?: Share;
}

const OWN = 'consumer = $1 AND producer = $2 AND part = $3 AND parts = $4';
const own = ({ consumer, producer, share = WHOLE }: Reader) => [consumer, producer, share.part, share.of];

/**
 * Makes sure that the row exists; a new consumer begins at the oldest message that is kept.
 * @returns the position; `undefined` while the consumer is divided into another number of shares, see {@link divide}
 */
export async function ensureProgress(client: Queryable, reader: Reader): Promise<number | undefined> {
  await client.query(
    `INSERT INTO consumer_progress (consumer, producer, part, parts) SELECT $1, $2, $3::int, $4::int
      WHERE NOT EXISTS (SELECT FROM consumer_progress WHERE consumer = $1 AND producer = $2 AND parts <> $4)
         ON CONFLICT DO NOTHING`,
    own(reader),
  );
  return await knownProgress(client, reader);
}

/** @returns the position; `undefined` where there is no row yet, or the consumer is divided into another number of shares */
export async function knownProgress(
  client: Pick<SharedConnection, 'query'>,
  reader: Reader,
): Promise<number | undefined> {
  const text = `
    SELECT position::float8 AS position FROM consumer_progress WHERE ${OWN}
       AND NOT EXISTS (SELECT FROM consumer_progress WHERE consumer = $1 AND producer = $2 AND parts <> $4)`;
  const { rows } = await client.query<{ position: number }>(text, own(reader));
  return rows[0]?.position;
}

/**
 * Divides a consumer into another number of shares, if it is not divided like this: each begins where the slowest of those
 * before it was, and remembers what the others had handled. One statement, which waits for batches that are under way.
 */
export async function divide(client: Queryable, { consumer, producer, share = WHOLE }: Reader): Promise<void> {
  const text = `
    WITH before AS (
      DELETE FROM consumer_progress WHERE consumer = $1 AND producer = $2 AND parts <> $3
      RETURNING part, parts, position, passed)
    INSERT INTO consumer_progress (consumer, producer, part, parts, position, passed)
    SELECT $1, $2, part, $3, slowest, handled
      FROM (SELECT min(position) AS slowest FROM before HAVING count(*) > 0) s,
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
  passed: readonly Passed[];
  /** Whether any message of the consumer is parked. */
  parked: boolean;
}

/** Locks the progress of a reader for the transaction of `client`. @returns `undefined` while another replica holds it */
export async function lockProgress(client: ClientBase, reader: Reader): Promise<Locked | undefined> {
  const { rows } = await client.query<Locked>({
    name: 'progress-lock',
    text: `SELECT position::float8 AS position, passed,
                  EXISTS (SELECT FROM parked_message WHERE consumer = $1) AS parked
             FROM consumer_progress WHERE ${OWN} FOR UPDATE SKIP LOCKED`,
    values: own(reader),
  });
  return rows[0];
}

/** What was passed is forgotten when the position has come that far. */
export async function advance(client: ClientBase, reader: Reader, position: number): Promise<void> {
  await client.query({
    name: 'progress-advance',
    text: `UPDATE consumer_progress SET position = $5, updated_at = now(), passed = CASE
             WHEN passed = '[]' THEN passed
             ELSE jsonb_path_query_array(passed, '$[*] ? (@.position > $upTo)', jsonb_build_object('upTo', $5::bigint)) END
           WHERE ${OWN}`,
    values: [...own(reader), position],
  });
}

/** Saves progress over messages that are not the reader's. @returns `false` when somebody else has moved it meanwhile */
export async function moveProgress(client: Queryable, reader: Reader, from: number, to: number): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'progress-move',
    text: `UPDATE consumer_progress SET position = $6, updated_at = now() WHERE ${OWN} AND position = $5`,
    values: [...own(reader), from, to],
  });
  return rowCount === 1;
}
