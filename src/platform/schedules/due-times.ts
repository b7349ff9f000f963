import { Cron } from 'croner';
import type { Duration } from '../messaging/duration.js';
import { milliseconds } from '../messaging/duration.js';
import { instantOf, isTimeZone, wallOf } from './wall-clock.js';

/** When a schedule is due. */
export type Plan =
  | { readonly cron: string; readonly timezone: string }
  /** Of elapsed time. */
  | { readonly everyMs: number };

/** What a schedule says of its times, in words that stay the same. */
export interface Times {
  readonly cron?: string | undefined;
  readonly every?: Duration | undefined;
  readonly timezone?: string | undefined;
}

/** @throws TypeError that says what is wrong with them, and what to write */
export function planOf({ cron, every, timezone }: Times): Plan {
  if ((cron === undefined) === (every === undefined))
    throw new TypeError('give it either cron or every: a time of the clock, or an interval');
  if (every !== undefined) {
    if (timezone !== undefined)
      throw new TypeError('leave out timezone: every counts elapsed time, and has nothing to do with clocks');
    return { everyMs: milliseconds(every) };
  }
  const plan = { cron: cron!.trim().replace(/\s+/g, ' '), timezone: timezone ?? 'UTC' };
  if (!isTimeZone(plan.timezone))
    throw new TypeError(
      `"${plan.timezone}" is no time zone: use a name of the IANA list, such as Europe/Berlin, or UTC`,
    );
  refuseCron(plan.cron);
  return plan;
}

function refuseCron(cron: string): void {
  const form = 'expected five fields: minute, hour, day of the month, month, day of the week, such as "30 2 * * *"';
  // The library also takes a date, which is no recurring time.
  if (!/^(@[a-z]+|\S+( \S+){4})$/.test(cron)) throw new TypeError(`"${cron}" is no cron expression: ${form}`);
  let first: Date | null;
  try {
    first = cronOf(cron).nextRun(new Date(0));
  } catch (error) {
    throw new TypeError(`"${cron}" is no cron expression (${(error as Error).message}): ${form}`);
  }
  if (!first) throw new TypeError(`"${cron}" is never due: ${form}`);
}

/** A plan in one line: another line is another plan. */
export const planText = (plan: Plan) =>
  'cron' in plan ? `cron ${plan.cron} ${plan.timezone}` : `every ${plan.everyMs / 1000} seconds`;

/**
 * The first time that is due after `now`. Pure. Times are milliseconds since the epoch.
 *
 * - A local time that does not exist that day is due at the first moment after the gap; one that exists twice, the first
 *   time.
 * - Intervals are counted from `due`, however late it was seen: nothing drifts.
 *
 * @param due a time that is due, or was
 */
export function nextDue(plan: Plan, due: number, now: number): number {
  if ('everyMs' in plan) return due > now ? due : due + (Math.floor((now - due) / plan.everyMs) + 1) * plan.everyMs;
  const cron = cronOf(plan.cron);
  // The library counts on a clock without daylight saving: its UTC is the clock on the wall.
  for (let wall = cron.nextRun(new Date(wallOf(now, plan.timezone))); wall; wall = cron.nextRun(wall)) {
    const instant = instantOf(wall.getTime(), plan.timezone);
    if (instant > now) return instant;
  }
  throw new Error(`${planText(plan)} is never due any more.`);
}

/** What a run that is late by less was not missed by, in milliseconds: processes look once a second. */
const LATE_MS = 60_000;

/** How a schedule stands. */
export interface Standing {
  /** When it is due. */
  readonly due: number;
  /** A run that was missed is to be made up for. */
  readonly owed: boolean;
  /** Its last run has not ended. */
  readonly open: boolean;
}

export type CatchUp = 'once' | 'none';

/**
 * Whether a schedule runs now, and when it is due then. Pure.
 *
 * What is due while it runs counts as missed. `once` makes up for everything that was missed by one run, `none` by nothing.
 */
export function decide(
  plan: Plan,
  catchUp: CatchUp,
  { due, owed, open }: Standing,
  now: number,
): { run: boolean; owed: boolean; due: number } {
  const isDue = due <= now;
  const next = isDue ? nextDue(plan, due, now) : due;
  if (open) return { run: false, owed: owed || (isDue && catchUp === 'once'), due: next };
  const inTime = isDue && (due >= now - LATE_MS || nextDue(plan, due, now - LATE_MS) <= now);
  return { run: owed || (isDue && catchUp === 'once') || inTime, owed: false, due: next };
}

/** Parsing takes longer than counting. */
const parsed = new Map<string, Cron>();

function cronOf(text: string): Cron {
  const cron = parsed.get(text) ?? new Cron(text, { timezone: 'UTC', mode: '5-part', paused: true });
  parsed.set(text, cron);
  return cron;
}
