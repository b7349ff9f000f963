import type pg from 'pg';
import type { Side } from './side.js';
import { STATE_TABLE } from './side.js';

/** How the rows get to the target: carried while the source takes writes, or copied while nobody may write. */
export type Method = 'logical' | 'copy';

/** How far a cut-over is: one row in both databases, which each flow carries to the other one. */
export interface State {
  /** Counts the switches: the higher one of the two rows holds. */
  epoch: number;
  /** The database that takes the module's writes. */
  current: string;
  source: string;
  target: string;
  method: Method;
  begun_at: Date;
  /** What the last proof has found. */
  report: string | null;
}

const CREATE = (side: Side) => `CREATE TABLE IF NOT EXISTS ${side.table(STATE_TABLE)} (
  id int PRIMARY KEY CHECK (id = 1), epoch int NOT NULL, current text NOT NULL, source text NOT NULL, target text NOT NULL,
  method text NOT NULL, begun_at timestamptz NOT NULL DEFAULT now(),
  mark bigint NOT NULL DEFAULT 0, report text)`;

/** Begins it at the source, while no process opens or drops partitions. */
export async function beginState(source: Side, target: Side, method: Method): Promise<void> {
  await source.client.query('BEGIN');
  // The lock of the outbox's housekeeping: see retention.ts.
  await source.client.query('SELECT pg_advisory_xact_lock(7166003, hashtext($1))', [source.module]);
  await source.client.query(CREATE(source));
  await readable(source);
  await source.client.query(
    `INSERT INTO ${source.table(STATE_TABLE)} VALUES (1, 0, $1, $1, $2, $3) ON CONFLICT DO NOTHING`,
    [source.place, target.place, method],
  );
  await source.client.query('COMMIT');
}

/** Makes the table at the target: its row comes with the copy, or with the switch. */
export async function receiveState(target: Side): Promise<void> {
  await target.client.query(CREATE(target));
  await readable(target);
}

const readable = (side: Side) =>
  side.client.query(`GRANT SELECT ON ${side.table(STATE_TABLE)} TO ${side.id(side.role)}`);

async function rowOf(side: Side): Promise<State | undefined> {
  const there = await side.value<boolean>('SELECT to_regclass($1) IS NOT NULL', [side.table(STATE_TABLE)]);
  if (!there) return undefined;
  // Waits for a switch whose outcome is not known yet.
  return (await side.rows<State>(`SELECT * FROM ${side.table(STATE_TABLE)} FOR UPDATE`))[0];
}

/** @returns undefined where none is under way */
export async function readState(source: Side, target: Side): Promise<State | undefined> {
  const [one, other] = [await rowOf(source), await rowOf(target)];
  if (!one || !other) return one ?? other;
  return other.epoch > one.epoch ? other : one;
}

/**
 * Makes `side` the current one and lets its role write, in one transaction.
 * @param state as it was until now
 * @param found what a proof has found already
 */
export async function open(
  side: Side,
  { epoch, source, target, method }: State,
  found: string | null = null,
): Promise<void> {
  await side.client.query('BEGIN');
  await side.client.query(
    `INSERT INTO ${side.table(STATE_TABLE)} (id, epoch, current, source, target, method, report) VALUES (1, $1, $2, $3, $4, $5, $6)
       ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, current = excluded.current, report = excluded.report`,
    [epoch + 1, side.place, source, target, method, found],
  );
  await side.client.query(side.opening);
  await side.client.query('COMMIT');
}

/** Writes a mark: what carries it has carried everything before it. @returns the mark */
export async function mark(side: Side): Promise<string> {
  return await side.value<string>(`UPDATE ${side.table(STATE_TABLE)} SET mark = mark + 1 RETURNING mark`);
}

/** Whether a mark of the other side has come. */
export async function hasMark(side: Side, wanted: string): Promise<boolean> {
  return await side.value<boolean>(`SELECT mark >= $1 FROM ${side.table(STATE_TABLE)}`, [wanted]);
}

export async function report(side: Side, text: string): Promise<void> {
  await side.client.query(`UPDATE ${side.table(STATE_TABLE)} SET report = $1`, [text]);
}

export async function endState(client: pg.Client, side: Side): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${side.table(STATE_TABLE)}`);
}
