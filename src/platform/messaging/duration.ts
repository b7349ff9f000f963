const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
type Unit = keyof typeof UNIT_MS;

/** A length of time that has a name: `'90 seconds'`, `'1 hour'`, `'3 days'`. A day has 24 hours, a week 7 days. */
export type Duration = `${number} ${Unit | `${Unit}s`}`;

const FORM = /^([1-9]\d{0,8}) (second|minute|hour|day|week)s?$/;
/** Longer than anything waits for: a hundred years. */
const MAX_MS = 36_525 * UNIT_MS.day;

/**
 * @param duration a whole number and a unit
 * @returns milliseconds
 * @throws TypeError for anything else, or more than a hundred years
 * @example milliseconds('3 days') // 259,200,000
 */
export function milliseconds(duration: Duration): number {
  const [, count, unit] = FORM.exec(duration) ?? [];
  const ms = Number(count) * UNIT_MS[unit as Unit];
  if (ms <= MAX_MS) return ms;
  throw new TypeError(
    `"${String(duration)}" is no length of time: expected a whole number and a unit, such as "90 seconds", "15 minutes", "1 hour", "3 days" or "2 weeks".`,
  );
}
