import type { ClientBase } from 'pg';

/** Makes sure that the row exists; a new consumer begins at the oldest message that is kept. */
export async function ensureProgress(
  client: Pick<ClientBase, 'query'>,
  consumer: string,
  producer: string,
): Promise<number> {
  await client.query('INSERT INTO consumer_progress (consumer, producer) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    consumer,
    producer,
  ]);
  const text = 'SELECT position::float8 AS position FROM consumer_progress WHERE consumer = $1 AND producer = $2';
  const { rows } = await client.query<{ position: number }>(text, [consumer, producer]);
  return rows[0]!.position;
}

/**
 * Locks the progress of a consumer for the transaction of `client`.
 * @returns the position, and whether any message of the consumer is parked; `undefined` while another replica holds it
 */
export async function lockProgress(
  client: ClientBase,
  consumer: string,
  producer: string,
): Promise<{ position: number; parked: boolean } | undefined> {
  const { rows } = await client.query<{ position: number; parked: boolean }>({
    name: 'progress-lock',
    text: `SELECT position::float8 AS position, EXISTS (SELECT FROM parked_message WHERE consumer = $1) AS parked
             FROM consumer_progress
            WHERE consumer = $1 AND producer = $2 FOR UPDATE SKIP LOCKED`,
    values: [consumer, producer],
  });
  return rows[0];
}

export async function advance(client: ClientBase, consumer: string, producer: string, position: number): Promise<void> {
  await client.query({
    name: 'progress-advance',
    text: `UPDATE consumer_progress SET position = $3, updated_at = now() WHERE consumer = $1 AND producer = $2`,
    values: [consumer, producer, position],
  });
}

/** Saves progress over messages that are not the consumer's. @returns `false` when somebody else has moved it meanwhile */
export async function moveProgress(
  client: Pick<ClientBase, 'query'>,
  { consumer, producer, from, to }: { consumer: string; producer: string; from: number; to: number },
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'progress-move',
    text: `UPDATE consumer_progress SET position = $4, updated_at = now() WHERE consumer = $1 AND producer = $2 AND position = $3`,
    values: [consumer, producer, from, to],
  });
  return rowCount === 1;
}
