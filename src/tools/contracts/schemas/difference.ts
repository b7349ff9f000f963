import type { Branch } from './branches.js';
import { brokenLimits } from './limits.js';
import type { Side } from './schema.js';

/** `in`: what is sent to the owner of the schema, which must not take less. `out`: what comes from it, which must not be more. */
export type Direction = 'in' | 'out';

/** `inside`: it is made of what it lies in, which has changed. */
export type Rule =
  'removed' | 'required' | 'optional' | 'type' | 'values' | 'limit' | 'text' | 'strict' | 'default' | 'inside';

/** A difference that breaks whoever relies on the schema as it was. */
export interface Difference {
  /** Names of fields from the outside in; items of an array have the path of the array, values of a record `*`. */
  readonly path: readonly string[];
  readonly rule: Rule;
  /** The types, values or limit before and after, where there are any. */
  readonly was?: string;
  readonly is?: string;
  /** Of `inside`: which comparison it is a part of. */
  readonly pair?: string;
}

/** Two schemas that are being compared, part by part. */
export interface Comparison {
  readonly direction: Direction;
  /** Compares two parts. The paths of what it finds begin there. */
  compare(narrow: Side, wide: Side): readonly Difference[];
}

/** `narrow` has to fit into `wide`: coming in that is before into after, going out after into before. */
export const inTime = <T>(direction: Direction, narrow: T, wide: T): [before: T, after: T] =>
  direction === 'in' ? [narrow, wide] : [wide, narrow];

/** Limits of numbers, lengths and counts. */
export function compareLimits(narrow: Branch, wide: Branch, direction: Direction): Difference[] {
  return brokenLimits(narrow, wide).map((broken) => {
    const [was, is] = inTime(direction, broken.narrow, broken.wide);
    return { path: [], rule: 'limit', was, is };
  });
}

/** What text has to look like. Which of two regular expressions takes more cannot be told: another one counts as less. */
export function compareText(narrow: Branch, wide: Branch, direction: Direction): Difference[] {
  const known = rulesOf(narrow);
  if (rulesOf(wide).every((rule) => known.includes(rule))) return [];
  const [before, after] = inTime(direction, narrow, wide);
  return [{ path: [], rule: 'text', was: shown(before, after), is: shown(after, before) }];
}

const rulesOf = (branch: Branch) => [...branch.formats, ...branch.patterns.map(shownPattern)];

/** The rules of one, without the pattern that a format brings along. */
function shown(one: Branch, other: Branch): string {
  const anotherFormat = one.formats.join() !== other.formats.join();
  const own = one.patterns.map(shownPattern).filter((rule) => !rulesOf(other).includes(rule));
  if (one.formats.length === 0) return rulesOf(one).join(' and ') || 'any text';
  return [...one.formats, ...(anotherFormat ? [] : own)].join(' and ');
}

const shownPattern = ({ source, flags }: RegExp) => (flags ? `/${source}/${flags}` : source);
