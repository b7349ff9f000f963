import type { Branch, JsonSchema } from './schema.js';

/** `in`: what is sent to the owner of the schema, which must not take less. `out`: what comes from it, which must not be more. */
export type Direction = 'in' | 'out';

export type Rule = 'removed' | 'required' | 'optional' | 'type' | 'values' | 'limit' | 'text' | 'strict';

/** A difference that breaks whoever relies on the schema as it was. */
export interface Difference {
  /** Names of fields from the outside in; items of an array have the path of the array, values of a record `*`. */
  readonly path: readonly string[];
  readonly rule: Rule;
  /** The types, values or limit before and after, where there are any. */
  readonly was?: string;
  readonly is?: string;
}

/** Where two schemas are compared. `narrow` has to fit into `wide`: coming in that is before into after, going out after into before. */
export interface Place {
  readonly direction: Direction;
  readonly path: readonly string[];
}

type Bound =
  | 'minimum'
  | 'exclusiveMinimum'
  | 'minLength'
  | 'minItems'
  | 'maximum'
  | 'exclusiveMaximum'
  | 'maxLength'
  | 'maxItems'
  | 'multipleOf';

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'] as const;
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'] as const;

/** Limits of numbers, lengths and counts. */
export function compareLimits(narrow: JsonSchema, wide: JsonSchema, { direction, path }: Place): Difference[] {
  const breaks = (bound: Bound, fits: (a: number, b: number) => boolean) => {
    const [inner, outer] = [narrow[bound], wide[bound]];
    return outer !== undefined && !(inner !== undefined && fits(inner, outer));
  };
  const broken = [
    ...LOWER.filter((bound) => breaks(bound, (inner, outer) => inner >= outer)),
    ...UPPER.filter((bound) => breaks(bound, (inner, outer) => inner <= outer)),
    ...(['multipleOf'] as const).filter((bound) => breaks(bound, (inner, outer) => inner % outer === 0)),
  ];
  const [before, after] = direction === 'in' ? [narrow, wide] : [wide, narrow];
  return broken.map((bound) => ({ path, rule: 'limit', was: limit(bound, before), is: limit(bound, after) }));
}

const limit = (bound: Bound, schema: JsonSchema) =>
  schema[bound] === undefined ? `no ${bound}` : `${bound} ${schema[bound]}`;

/** What text has to look like. Which of two regular expressions takes more cannot be told: another one counts as less. */
export function compareText(narrow: Branch, wide: Branch, { direction, path }: Place): Difference[] {
  const rules = ({ schema, patterns }: Branch) => [schema.format, ...patterns].filter((rule) => rule !== undefined);
  if (rules(wide).every((rule) => rules(narrow).includes(rule))) return [];
  const [before, after] = direction === 'in' ? [narrow, wide] : [wide, narrow];
  const shown = (branch: Branch) => rules(branch)[0] ?? 'any text';
  return [{ path, rule: 'text', was: shown(before), is: shown(after) }];
}
