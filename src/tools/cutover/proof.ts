import type pg from 'pg';
import type { Side } from './side.js';
import { STATE_TABLE } from './side.js';

interface Sum {
  rows: string;
  hash: string;
}

/** What two databases have of a module: by table, whether count and hash of all rows are equal. */
export interface Proof {
  tables: number;
  rows: number;
  different: string[];
}

/**
 * Compares every table but that of the cut-over itself, row by row: the sum of the hashes of all rows, so that nothing has to be
 * sorted, and nothing but the sums leaves the servers. Rows of the outbox that only one side still has, because the other one
 * has dropped their partition, are no part of it.
 *
 * @param sourceClient connections of their own, so that one can hold a snapshot
 */
export async function compare(
  side: Side,
  one: pg.ClientBase,
  other: pg.ClientBase,
  only?: readonly string[],
): Promise<Proof> {
  const proof: Proof = { tables: 0, rows: 0, different: [] };
  for (const table of only ?? (await side.tables())) {
    if (table === STATE_TABLE) continue;
    const condition = table === 'outbox' ? await commonRows(side, one, other) : '';
    const columns = await columnsOf(side, table);
    const text = `SELECT count(*)::text AS rows, coalesce(sum(('x' || substr(md5(ROW(${columns})::text), 1, 15))::bit(60)::bigint::numeric), 0)::text AS hash
                    FROM ${side.table(table)} ${condition}`;
    const [a, b] = await Promise.all([one, other].map(async (client) => (await client.query<Sum>(text)).rows[0]!));
    proof.tables++;
    proof.rows += Number(a!.rows);
    if (a!.rows !== b!.rows || a!.hash !== b!.hash) proof.different.push(`${table} (${a!.rows} and ${b!.rows} rows)`);
  }
  return proof;
}

async function commonRows(side: Side, one: pg.ClientBase, other: pg.ClientBase): Promise<string> {
  const text = `SELECT coalesce(min(seq), 0)::text AS first FROM ${side.table('outbox')}`;
  const firsts = await Promise.all(
    [one, other].map(async (client) => (await client.query<{ first: string }>(text)).rows[0]!.first),
  );
  const first = firsts.map(BigInt).reduce((a, b) => (a > b ? a : b));
  return `WHERE seq >= ${first}`;
}

/** By name: the order of the columns may differ. */
async function columnsOf(side: Side, table: string): Promise<string> {
  const text = `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`;
  return (await side.rows<{ name: string }>(text, [side.table(table)])).map(({ name }) => side.id(name)).join(', ');
}
