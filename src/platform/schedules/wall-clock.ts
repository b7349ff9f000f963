const DAY_MS = 86_400_000;

/** Made once for each zone: that takes long. */
const formats = new Map<string, Intl.DateTimeFormat>();

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const [numeric, digits] = ['numeric', '2-digit'] as const;
    const date = { year: numeric, month: digits, day: digits, hour: digits, minute: digits, second: digits } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...date });
    formats.set(timeZone, format);
  }
  return format;
}

/**
 * What the clock on the wall of a place says at an instant.
 * @returns milliseconds since the epoch at which the clock of UTC says the same
 */
export function wallOf(instant: number, timeZone: string): number {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = parts as Record<string, number>;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
}

/**
 * The instant at which a clock on the wall says `wall`: the first of two; where it never says so, as clocks are put
 * forward, the first moment after.
 *
 * @param wall as {@link wallOf} returns it
 */
export function instantOf(wall: number, timeZone: string): number {
  const before = wall - offsetAt(wall - DAY_MS, timeZone);
  const after = wall - offsetAt(wall + DAY_MS, timeZone);
  const [first, second] = [Math.min(before, after), Math.max(before, after)];
  if (wallOf(first, timeZone) === wall) return first;
  return wallOf(second, timeZone) === wall ? second : endOfGap(first, second, timeZone);
}

const offsetAt = (instant: number, timeZone: string) => wallOf(instant, timeZone) - instant;

/** Clocks are put forward between these. */
function endOfGap(from: number, to: number, timeZone: string): number {
  const offset = offsetAt(from, timeZone);
  let [before, after] = [from, to];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, timeZone) === offset) before = middle;
    else after = middle;
  }
  return after;
}
