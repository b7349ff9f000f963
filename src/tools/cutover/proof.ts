import type pg from 'pg';
import type { Side } from './side.js';
import { STATE_TABLE } from './side.js';

interface Sum {
  chunk: string;
  rows: string;
  hash: string;
}

/** Chunks of a table that are not equal on both sides. */
interface Difference {
  table: string;
  chunks: string[];
  /** Of these chunks, on each side. */
  rows: [number, number];
}

/** What two databases have of a module. */
export interface Proof {
  tables: number;
  chunks: number;
  rows: number;
  different: Difference[];
}

/**
 * Compares every table but that of the cut-over itself, chunk by chunk: for each chunk the count of its rows and the sum of their hashes. A
 * chunk has the rows of which the primary key hashes to the same of 256 values, so that a row is in the same one on both sides, whatever
 * their collations are, and stays there when it changes; a table without a key is one chunk. Nothing has to be sorted, a table is read once,
 * and nothing but the sums leaves the servers. Rows of the outbox that only one side still has, because the other one has dropped their
 * partition, are no part of it.
 *
 * @param one a connection of `side`, `other` of the other database: they may hold a snapshot
 * @param only what is compared again; everything by default
 */
export async function compare(
  side: Side,
  one: pg.ClientBase,
  other: pg.ClientBase,
  only?: readonly Difference[],
): Promise<Proof> {
  const proof: Proof = { tables: 0, chunks: 0, rows: 0, different: [] };
  const all = only ?? (await side.tables()).map((table) => ({ table, chunks: undefined }));
  for (const { table, chunks } of all) {
    if (table === STATE_TABLE) continue;
    const condition = table === 'outbox' ? await commonRows(side, one, other) : '';
    const text = await sums(side, table, condition);
    const [a, b] = await Promise.all(
      [one, other].map(async (client) => byChunk(await client.query<Sum>(text, [chunks ?? null]))),
    );
    const names = [...new Set([...a!.keys(), ...b!.keys()])];
    const unequal = names.filter(
      (name) => a!.get(name)?.rows !== b!.get(name)?.rows || a!.get(name)?.hash !== b!.get(name)?.hash,
    );
    const count = (of: Map<string, Sum>, wanted: string[]) =>
      wanted.reduce((sum, name) => sum + Number(of.get(name)?.rows ?? 0), 0);
    proof.tables++;
    proof.chunks += names.length;
    proof.rows += count(a!, names);
    if (unequal.length > 0)
      proof.different.push({ table, chunks: unequal, rows: [count(a!, unequal), count(b!, unequal)] });
  }
  return proof;
}

/** What a report says of it. */
export function said({ tables, chunks, rows, different }: Proof): string {
  if (different.length === 0) return `${tables} tables, ${rows} rows in ${chunks} chunks, counts and hashes equal`;
  const each = ({ table, chunks: [...some], rows: [a, b] }: Difference) =>
    `${table} (${some.length} chunks: ${a} and ${b} rows)`;
  return different.map(each).join('; ');
}

async function sums(side: Side, table: string, condition: string): Promise<string> {
  const { columns, key } = await columnsOf(side, table);
  const chunk = key.length > 0 ? `substr(md5(ROW(${key.join(', ')})::text), 1, 2)` : `''`;
  return `SELECT chunk, count(*)::text AS rows, sum(('x' || substr(md5(line), 1, 15))::bit(60)::bigint)::text AS hash
            FROM (SELECT ${chunk} AS chunk, ROW(${columns.join(', ')})::text AS line FROM ${side.table(table)} ${condition}) t
           WHERE $1::text[] IS NULL OR chunk = ANY ($1) GROUP BY chunk`;
}

const byChunk = ({ rows }: { rows: Sum[] }) => new Map(rows.map((row) => [row.chunk, row]));

async function commonRows(side: Side, one: pg.ClientBase, other: pg.ClientBase): Promise<string> {
  const text = `SELECT coalesce(min(seq), 0)::text AS first FROM ${side.table('outbox')}`;
  const firsts = await Promise.all(
    [one, other].map(async (client) => (await client.query<{ first: string }>(text)).rows[0]!.first),
  );
  const first = firsts.map(BigInt).reduce((a, b) => (a > b ? a : b));
  return `WHERE seq >= ${first}`;
}

/** By name: the order of the columns may differ. */
async function columnsOf(side: Side, table: string): Promise<{ columns: string[]; key: string[] }> {
  const text = `SELECT attname AS name, EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey)) AS key
                  FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`;
  const all = await side.rows<{ name: string; key: boolean }>(text, [side.table(table)]);
  const names = (some: typeof all) => some.map(({ name }) => side.id(name));
  return { columns: names(all), key: names(all.filter(({ key }) => key)) };
}
