import type { Method } from './state.js';
import type { Side } from './side.js';

/** Assumed, and cautious: what servers do in a second at least. `plan` says it; nothing is decided by it. */
const COPIED_BYTES = 10_000_000;
const COMPARED_ROWS = 200_000;
/** A switch by replication: nothing in it depends on how much there is. */
const SWITCH_SECONDS = 1;
const SAMPLE_SECONDS = 1;

/** How much there is of a module, and what moving it takes. Figures of rows, bytes and seconds are estimates. */
export interface Estimate {
  rows: number;
  bytes: number;
  /** Until the target follows; of a copy within the pause, nothing. */
  copySeconds: number;
  proofSeconds: number;
  /** For which the module takes no writes: clients wait, and get 503 when it takes longer than they wait. */
  pauseSeconds: number;
  /** Rows and indexes. */
  diskAtTargetBytes: number;
  /** From `prepare` to `finish`, at each of the two: the outbox keeps everything. */
  outboxBytesPerHour: number;
  /** What the source keeps for an hour in which the target cannot be reached, of all of its databases. */
  walBytesPerHour: number;
}

export async function estimateOf(side: Side, method: Method): Promise<Estimate> {
  const text = `SELECT coalesce(sum(greatest(reltuples, 0)), 0)::float8 AS rows, coalesce(sum(pg_table_size(oid)), 0)::float8 AS bytes,
                       coalesce(sum(pg_total_relation_size(oid)), 0)::float8 AS disk
                  FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`;
  const size = await side.rows<{ rows: number; bytes: number; disk: number }>(text, [side.id(side.module)]);
  const { rows, bytes, disk } = size[0]!;
  const copySeconds = Math.ceil(bytes / COPIED_BYTES);
  const proofSeconds = Math.ceil(rows / COMPARED_ROWS);
  const isCopy = method === 'copy';
  return {
    rows,
    bytes,
    copySeconds: isCopy ? 0 : copySeconds,
    proofSeconds: isCopy ? 0 : proofSeconds,
    pauseSeconds: isCopy ? copySeconds + proofSeconds + SWITCH_SECONDS : SWITCH_SECONDS,
    diskAtTargetBytes: disk,
    outboxBytesPerHour: await growthOf(side),
    walBytesPerHour: isCopy ? 0 : await logged(side),
  };
}

/** By what the module has said in the last hour. */
async function growthOf(side: Side): Promise<number> {
  const there = await side.value<boolean>('SELECT to_regclass($1) IS NOT NULL', [side.table('outbox')]);
  if (!there) return 0;
  const text = `SELECT coalesce(sum(pg_column_size(o.*)), 0)::float8 FROM ${side.table('outbox')} o WHERE created_at > now() - interval '1 hour'`;
  return await side.value<number>(text);
}

async function logged(side: Side): Promise<number> {
  const position = () => side.value<string>('SELECT pg_current_wal_lsn()::text');
  const before = await position();
  await side.value('SELECT pg_sleep($1)', [SAMPLE_SECONDS]);
  const bytes = await side.value<number>('SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::float8', [before]);
  return Math.round((bytes * 3600) / SAMPLE_SECONDS);
}
