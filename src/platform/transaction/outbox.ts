import type { ClientBase } from 'pg';
import type { PendingRow } from './message.js';

const COLUMNS = 'id, aggregatetype, aggregateid, type, payload, headers';
const INSERT_ONE = {
  name: 'outbox-append-one',
  text: `INSERT INTO outbox (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)`,
};
/** Rows keep the order of the array: `seq` is assigned row by row in the order of `unnest`. */
const INSERT_MANY = {
  name: 'outbox-append',
  text: `INSERT INTO outbox (${COLUMNS})
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])`,
};

/**
 * Writes rows to the outbox of the schema that `client` works in, in one statement.
 *
 * Must be the last write of its transaction: written while the aggregate's row is not locked yet, two versions of one
 * aggregate can get their sequence numbers in the wrong order.
 */
export function appendToOutbox(client: ClientBase, rows: readonly PendingRow[]): Promise<unknown> {
  const all = rows.map(valuesOf);
  return all.length === 1
    ? client.query({ ...INSERT_ONE, values: all[0]! })
    : client.query({ ...INSERT_MANY, values: columnsOf(all) });
}

const columnsOf = (rows: readonly string[][]) => rows[0]!.map((_, column) => rows.map((row) => row[column]!));

function valuesOf({ id, aggregatetype, aggregateid, type, json, headers }: PendingRow): string[] {
  return [id, aggregatetype, aggregateid, type, json, JSON.stringify(headers)];
}
