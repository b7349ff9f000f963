import type { ClientBase } from 'pg';
import type { OutboxRow } from './message.js';

/** Rows keep the order of the array: `seq` is assigned row by row in the order of `unnest`. */
const INSERT = `
  INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])`;

/**
 * Writes rows to the outbox of the schema that `client` works in, in one statement.
 *
 * Must be the last write of its transaction: written while the aggregate's row is not locked yet, two versions of one
 * aggregate can get their sequence numbers in the wrong order.
 */
export async function appendToOutbox(client: ClientBase, rows: readonly OutboxRow[]): Promise<void> {
  const column = <T>(pick: (row: OutboxRow) => T) => rows.map(pick);
  await client.query({
    name: 'outbox-append',
    text: INSERT,
    values: [
      column((row) => row.id),
      column((row) => row.aggregatetype),
      column((row) => row.aggregateid),
      column((row) => row.type),
      column((row) => JSON.stringify(row.payload)),
      column((row) => JSON.stringify(row.headers)),
    ],
  });
}
