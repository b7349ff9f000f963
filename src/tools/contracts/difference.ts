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
  const shown = before.formats.join() === after.formats.join() ? textRules : formatsOrPatterns;
  return [{ path: [], rule: 'text', was: shown(before), is: shown(after) }];
}

const rulesOf = (branch: Branch) => [...branch.formats, ...branch.patterns.map(shownPattern)];

/** The pattern, where it is what has changed. */
const textRules = ({ formats, patterns }: Branch) =>
  [...formats, ...patterns.map(shownPattern)].join(' and ') || 'any text';

/** Each format has a pattern of its own, which says nothing more. */
const formatsOrPatterns = (branch: Branch) =>
  branch.formats.length > 0 ? branch.formats.join(' and ') : textRules(branch);

const shownPattern = ({ source, flags }: RegExp) => (flags ? `/${source}/${flags}` : source);
