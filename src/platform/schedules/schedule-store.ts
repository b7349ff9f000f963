import type { ClientBase } from 'pg';
import { streams } from '../transaction/message.js';
import type { Standing } from './due-times.js';
import type { Schedule } from './schedule.js';

type Client = Pick<ClientBase, 'query'>;

/** How late a schedule is before a process that plans it in another way takes it over, from one that is gone. */
const TAKE_OVER = `interval '1 minute'`;

/** The clock of the database server, as it is turned in specs. */
const NOW = '(now() + clock_offset())';
/**
 * When a schedule is due that a person has paused. A time, and no column, so that a version that does not know of it leaves
 * the schedule alone as well.
 */
const NEVER = `'9999-12-31T00:00:00Z'::timestamptz`;
const ms = (time: string) => `(extract(epoch FROM ${time}) * 1000)::float8`;

/** SQL: whether the last run was not read by the module yet, so that nobody has begun it. */
export const UNREAD = `(run_seq IS NOT NULL AND NOT EXISTS (
  SELECT FROM consumer_progress WHERE consumer = ${inbox()} AND producer = current_schema() AND position >= run_seq))`;

/** SQL: whether a run has not ended: it is not read, or waits for another attempt. What was given up has ended. */
const OPEN = `(${UNREAD} OR EXISTS (
  SELECT FROM parked_message p WHERE p.consumer = ${inbox()} AND p.state = 'waiting'
     AND starts_with(p.key, concat(current_schema(), '/', schedule.name, '/'))))`;

function inbox(): string {
  return `concat(current_schema(), '${streams.commands('')}')`;
}

/** `$1` are the names that a version knows, `$2` its plans for them. */
const MINE = `(name = ANY ($1::text[]) AND (due_at <= ${NOW} - ${TAKE_OVER} OR (name, plan) IN (SELECT * FROM unnest($1::text[], $2::text[]))))`;
const OWED = `(owed AND NOT ${OPEN})`;
const known = (schedules: readonly Schedule[]) => [
  schedules.map(({ name }) => name),
  schedules.map(({ text }) => text),
];

/** What the clock of the database server says: milliseconds since the epoch. */
export async function clockOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ now: number }>(`SELECT ${ms(NOW)} AS now`);
  return rows[0]!.now;
}

/**
 * Notes schedules and their plans. One that is known with another plan is due by the new one, unless a run was missed.
 * @param dues when each is due first
 */
export async function noteSchedules(
  client: Client,
  schedules: readonly Schedule[],
  dues: readonly number[],
): Promise<void> {
  const text = `
    INSERT INTO schedule (name, plan, due_at)
    SELECT name, plan, to_timestamp(due / 1000) FROM unnest($1::text[], $2::text[], $3::float8[]) s (name, plan, due)
     ORDER BY name
        ON CONFLICT (name) DO UPDATE SET plan = EXCLUDED.plan,
              due_at = CASE WHEN schedule.due_at = ${NEVER} THEN schedule.due_at ELSE EXCLUDED.due_at END
     WHERE schedule.plan <> EXCLUDED.plan AND schedule.due_at > ${NOW}`;
  await client.query(text, [...known(schedules), dues]);
}

/** Milliseconds until the next of the module's delayed commands or of these schedules is due; see `DueLoop.nextMs`. */
export async function nextDueMs(client: Client, schedules: readonly Schedule[]): Promise<number | undefined> {
  const text = `
    SELECT ${ms(`least(
      (SELECT min(due_at) FROM delayed_command),
      (SELECT min(CASE WHEN NOT ${MINE} THEN due_at + ${TAKE_OVER} WHEN ${OWED} THEN ${NOW} ELSE due_at END)
         FROM schedule WHERE name = ANY ($1::text[]))) - ${NOW}`)} AS ms`;
  const { rows } = await client.query<{ ms: number | null }>({ name: 'next-due', text, values: known(schedules) });
  return rows[0]!.ms ?? undefined;
}

/** The key of a run: its own, as one that was given up must not hold up those after it. */
export const runKey = ({ name, due, now }: DueSchedule) => `${name}/${new Date(Math.min(due, now)).toISOString()}`;

interface DueSchedule extends Standing {
  name: string;
  now: number;
}

/** Locks one schedule that is due, or owes a run that can be made up for now, and that nobody else is at. */
export async function lockDueSchedule(
  client: ClientBase,
  schedules: readonly Schedule[],
): Promise<DueSchedule | undefined> {
  const text = `
    SELECT name, ${ms('due_at')} AS due, owed, ${OPEN} AS open, ${ms(NOW)} AS now FROM schedule
     WHERE (due_at <= ${NOW} OR ${OWED}) AND ${MINE}
     ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return (await client.query<DueSchedule>({ name: 'due-schedule', text, values: known(schedules) })).rows[0];
}

/** @param ran whether the row that this session has written to the outbox last is its run */
export async function moveSchedule(
  client: ClientBase,
  { name, text: plan }: Schedule,
  { due, owed, run }: { due: number; owed: boolean; run: boolean },
): Promise<void> {
  await client.query({
    name: 'schedule-move',
    text: `UPDATE schedule SET plan = $2, due_at = to_timestamp($3::float8 / 1000), owed = $4,
                  run_seq = CASE WHEN $5 THEN currval('outbox_seq') ELSE run_seq END,
                  last_run_at = CASE WHEN $5 THEN ${NOW} ELSE last_run_at END
            WHERE name = $1`,
    values: [name, plan, due, owed, run],
  });
}

/** Locks one schedule, due or not, for what a person does to it; whoever is at it is waited for. */
export async function lockSchedule(
  client: Client,
  name: string,
): Promise<(DueSchedule & { paused: boolean }) | undefined> {
  const text = `SELECT name, ${ms('due_at')} AS due, owed, ${OPEN} AS open, ${ms(NOW)} AS now, due_at = ${NEVER} AS paused
                  FROM schedule WHERE name = $1 FOR UPDATE`;
  return (await client.query<DueSchedule & { paused: boolean }>(text, [name])).rows[0];
}

/** Has a schedule not run until {@link resumeSchedule}; what it has missed so far is not made up for. */
export async function pauseSchedule(client: Client, name: string): Promise<void> {
  await client.query(`UPDATE schedule SET due_at = ${NEVER}, owed = false WHERE name = $1`, [name]);
}

/** @param due milliseconds since the epoch */
export async function resumeSchedule(client: Client, name: string, due: number): Promise<void> {
  await client.query('UPDATE schedule SET due_at = to_timestamp($2::float8 / 1000) WHERE name = $1', [name, due]);
}

/** A schedule as it is stored. */
export interface StoredSchedule {
  name: string;
  plan: string;
  /** ISO 8601, UTC; null while it is paused. */
  nextRun: string | null;
  /** When its last run was sent; null where it has not run. */
  lastRun: string | null;
  /** Whether the last run has not ended, and whether one that was missed is made up for after it. */
  running: boolean;
  owed: boolean;
  /** Seconds since it was due; 0 before. */
  overdueS: number;
}

const iso = (time: string) => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/** All that the module has, those that are due next first. */
export async function listSchedules(client: Client): Promise<StoredSchedule[]> {
  const text = `SELECT name, plan, CASE WHEN due_at <> ${NEVER} THEN ${iso('due_at')} END AS "nextRun", ${iso('last_run_at')} AS "lastRun", ${OPEN} AS running, owed,
                       greatest(0, ${ms(`${NOW} - due_at`)} / 1000) AS "overdueS" FROM schedule ORDER BY due_at`;
  return (await client.query<StoredSchedule>(text)).rows;
}
