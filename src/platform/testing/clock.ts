import type { Pool } from 'pg';
import type { Runtime } from '../runtime/runtime.js';
import { UNREAD } from '../schedules/schedule-store.js';

/** More than the nights of a year. */
const MAX_MOMENTS = 400;

/**
 * Lets time pass for what the modules of a process do when it is due, as if nothing else happened meanwhile: it stops at
 * each moment at which something is due until that was done. What handlers read from the clock is not changed.
 *
 * @param ms milliseconds
 * @param until waits for a condition
 * @throws Error where more than 400 moments are due
 */
export async function passTime(
  { databases, dueLoops }: Runtime,
  ms: number,
  until: (look: () => Promise<boolean>, what: string) => Promise<unknown>,
): Promise<void> {
  const nexts = () => Promise.all(dueLoops.map(async (loop) => (await loop.nextMs()) ?? Infinity));
  const isQuiet = async () => {
    for (const loop of dueLoops) loop.start();
    const begun = await Promise.all(databases.map(({ pool }) => allBegun(pool)));
    return begun.every(Boolean) && (await nexts()).every((next) => next > 0);
  };
  await until(isQuiet, 'what was due being done');
  let left = ms;
  for (let moments = 0; left > 0; moments++) {
    if (moments === MAX_MOMENTS)
      throw new Error(`More than ${MAX_MOMENTS} moments are due: let less time pass at once.`);
    const step = Math.min(left, ...(await nexts()).map((next) => Math.max(1, Math.ceil(next))));
    await Promise.all(databases.map(({ pool }) => turnClock(pool, step)));
    left -= step;
    await until(isQuiet, 'what was due being done');
  }
}

/** Turns the clock of a module, as its due times know it. @param ms milliseconds, from what it says now */
export async function turnClock(pool: Pick<Pool, 'query'>, ms: number): Promise<void> {
  const { rows } = await pool.query<{ ms: number }>(
    `SELECT extract(epoch FROM clock_offset())::float8 * 1000 + $1::float8 AS ms`,
    [ms],
  );
  await pool.query(`CREATE OR REPLACE FUNCTION clock_offset() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE
                        AS $$ SELECT interval '${rows[0]!.ms} ms' $$`);
}

/** Whether each run of a schedule was begun. */
async function allBegun(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ unread: boolean }>(
    `SELECT EXISTS (SELECT FROM schedule WHERE ${UNREAD}) AS unread`,
  );
  return !rows[0]!.unread;
}
