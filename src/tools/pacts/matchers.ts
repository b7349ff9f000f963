import type { z } from 'zod';
import { toJsonSchema } from '../contracts/describe.js';
import { branchesOf } from '../contracts/schemas/branches.js';
import type { JsonSchema } from '../contracts/schemas/schema.js';
import { fieldOf, itemOf, typeOf } from '../contracts/schemas/schema.js';

/** Matching rules of Pact, by JSON path. */
type Rules = Record<string, { combine: 'AND'; matchers: readonly object[] }>;

/** A value, and what another one has to have in common with it. */
export interface Matched {
  value: unknown;
  rules: Rules;
}

/** The fields that a consumer needs, as `consumes` names them; absent: all. */
export type Needed = readonly string[] | undefined;

/**
 * What a consumer needs of a value, and the rules for it. What can only be one of a few values has to be the same one: a
 * state is behaviour. Everything else has to be of the same type, and an array at least as long.
 *
 * @param path where the value lies in the document
 * @param field its name as `consumes` has it; arrays have no names there
 */
export function matched(schema: z.ZodType, value: unknown, path: string, field: string, needed: Needed): Matched {
  const root = toJsonSchema(schema, 'output');
  const rules: Rules = {};
  const pick = (part: JsonSchema, inner: unknown, at: string, name: string): unknown => {
    const branch = branchOf(part, root, inner);
    if (Array.isArray(inner)) {
      rules[at] = rule(inner.length === 0 ? { match: 'equality' } : { match: 'type', min: inner.length });
      return inner.map((item, index) => pick(itemOf(branch.schema, index), item, `${at}[${index}]`, name));
    }
    if (typeof inner === 'object' && inner !== null) {
      const kept = Object.entries(inner).filter(([key]) => isNeeded(joined(name, key), needed));
      return Object.fromEntries(
        kept.map(([key, each]) => [
          key,
          pick(fieldOf(branch.schema, key) ?? {}, each, below(at, key), joined(name, key)),
        ]),
      );
    }
    rules[at] = rule({ match: matchOf(inner, branch.fixed) });
    return inner;
  };
  return { value: pick(root, value, path, field), rules };
}

export const rule = (matcher: object): Rules[string] => ({ combine: 'AND', matchers: [matcher] });

/** Whether a consumer needs a field, or something within it. */
export function isNeeded(field: string, needed: Needed): boolean {
  return !needed || needed.some((each) => within(field, each) || within(each, field));
}

const within = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}.`);
const joined = (name: string, key: string) => (name === '' ? key : `${name}.${key}`);
const below = (path: string, key: string) => (/^\w+$/.test(key) ? `${path}.${key}` : `${path}['${key}']`);

/** What a schema says of a value: one of its kinds, and whether that is a single value. */
function branchOf(schema: JsonSchema, root: JsonSchema, value: unknown): { schema: JsonSchema; fixed: boolean } {
  const branches = branchesOf(schema, root);
  if (branches.some(({ literal }) => literal?.value === value)) return { schema, fixed: true };
  const type = typeOf(value);
  const found = branches.find((each) => each.type === type || (type === 'integer' && each.type === 'number'));
  return { schema: found?.schema ?? {}, fixed: false };
}

function matchOf(value: unknown, fixed: boolean): string {
  if (fixed || value === null || typeof value === 'boolean') return 'equality';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : 'type';
}
