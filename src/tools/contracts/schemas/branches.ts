import { isMultiple } from './decimal.js';
import { lowerBound, upperBound } from './limits.js';
import type { JsonSchema } from './schema.js';
import { both, furtherFields, itemOf, keyOf, resolve, typeOf } from './schema.js';

/** One kind of value that a schema allows: a single value, or all of one type that keep its rules. */
export interface Branch {
  /** `any` where the schema says nothing. */
  readonly type: string;
  /** Its limits, fields and items. */
  readonly schema: JsonSchema;
  /** Set when the schema allows this value only. */
  readonly literal?: { readonly value: unknown };
  /** What text has to be, besides its patterns. */
  readonly formats: readonly string[];
  /** Every regular expression that text has to match. */
  readonly patterns: readonly RegExp[];
  /** What a number has to be a multiple of. */
  readonly divisors: readonly number[];
}

/**
 * Takes unions, enums, intersections and references apart.
 *
 * @param root the document that `$ref` points into
 * @returns what the schema allows, each kind by itself; empty for a schema that allows nothing
 */
export function branchesOf(schema: JsonSchema, root: JsonSchema): Branch[] {
  return expand(schema, root, new Set());
}

/** @param open references that are being followed: a union adds nothing to itself */
function expand(schema: JsonSchema, root: JsonSchema, open: ReadonlySet<string>): Branch[] {
  const { $ref, allOf = [], anyOf, oneOf, not } = schema;
  if (not && Object.keys(not).length === 0) return [];
  if ($ref !== undefined && open.has($ref)) return [];
  const union = anyOf ?? oneOf;
  const parts = [
    ownBranches(schema),
    ...($ref === undefined ? [] : [expand(resolve($ref, root), root, new Set([...open, $ref]))]),
    ...(union ? [union.flatMap((option) => expand(option, root, open))] : []),
    ...allOf.map((part) => expand(part, root, open)),
  ];
  return parts.reduce((found, part) => found.flatMap((a) => part.flatMap((b) => common(a, b) ?? [])));
}

function ownBranches(schema: JsonSchema): Branch[] {
  const { pattern, flags = '', format, hostname, protocol, algorithm, multipleOf } = schema;
  const named = { hostname, protocol, algorithm };
  const said = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : `${name} ${value}`));
  const rules = {
    schema,
    formats: [...(format === undefined ? [] : [format]), ...said],
    patterns: pattern === undefined ? [] : [new RegExp(pattern, flags)],
    divisors: multipleOf === undefined ? [] : [multipleOf],
  };
  const values = 'const' in schema ? [schema.const] : schema.enum;
  if (values) return values.map((value) => ({ ...rules, type: typeOf(value), literal: { value } }));
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return types.map((type) => ({ ...rules, type }));
}

/** What fits both; `undefined` when nothing does. */
function common(a: Branch, b: Branch): Branch | undefined {
  const type = commonType(a.type, b.type);
  if (type === undefined) return undefined;
  const literal = a.literal ?? b.literal;
  if (literal && ![a, b].every((side) => allows(side, literal.value))) return undefined;
  return {
    type,
    ...(literal && { literal }),
    schema: commonSchema(a.schema, b.schema),
    formats: [...new Set([...a.formats, ...b.formats])],
    patterns: [...a.patterns, ...b.patterns],
    divisors: [...a.divisors, ...b.divisors],
  };
}

function commonType(a: string, b: string): string | undefined {
  if (a === b || b === 'any') return a;
  if (a === 'any') return b;
  return [a, b].every((type) => type === 'integer' || type === 'number') ? 'integer' : undefined;
}

/** Whether a single value keeps the rules for its type; of formats nothing is known here. */
function allows({ literal, ...branch }: Branch, value: unknown): boolean {
  return literal ? keyOf(literal.value as JsonSchema) === keyOf(value as JsonSchema) : keeps(value, branch);
}

/** Whether a single value keeps the limits and patterns of its type. */
export function keeps(value: unknown, { type, schema, patterns, divisors }: Branch): boolean {
  if (typeof value === 'number') {
    const [lower, upper] = [lowerBound(schema, type), upperBound(schema, type)];
    const inside = value >= lower.value && value <= upper.value;
    const edge = (lower.exclusive && value === lower.value) || (upper.exclusive && value === upper.value);
    return inside && !edge && divisors.every((step) => isMultiple(value, step));
  }
  if (typeof value !== 'string') return true;
  const long = value.length >= (schema.minLength ?? 0) && value.length <= (schema.maxLength ?? Infinity);
  return long && patterns.every((pattern) => pattern.test(value));
}

const HIGHER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'] as const;
const LOWER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'] as const;

/** All limits, fields and items of both. */
function commonSchema(a: JsonSchema, b: JsonSchema): JsonSchema {
  const limits = [...HIGHER, ...LOWER].flatMap((bound) => {
    const given = [a[bound], b[bound]].filter((limit) => limit !== undefined);
    if (given.length === 0) return [];
    return [[bound, (HIGHER as readonly string[]).includes(bound) ? Math.max(...given) : Math.min(...given)] as const];
  });
  return { ...Object.fromEntries(limits), ...commonFields(a, b), ...commonItems(a, b) };
}

/** A field that one of them does not know has to fit what that one says of further fields. */
function commonFields(a: JsonSchema, b: JsonSchema): JsonSchema {
  const names = [...new Set([a, b].flatMap(({ properties }) => Object.keys(properties ?? {})))];
  const own = ({ properties = {} }: JsonSchema, name: string) =>
    Object.hasOwn(properties, name) ? properties[name] : undefined;
  const field = (name: string) => both(own(a, name) ?? furtherFields(a), own(b, name) ?? furtherFields(b));
  const required = [...new Set([...(a.required ?? []), ...(b.required ?? [])])];
  const further = [a, b].map(furtherFields).filter((schema) => schema !== undefined);
  const closed = [a, b].filter(isObject).every(({ additionalProperties }) => additionalProperties === false);
  const keys = [a.propertyNames, b.propertyNames].filter((schema) => schema !== undefined);
  return {
    ...(names.length > 0 && { properties: Object.fromEntries(names.map((name) => [name, field(name)])) }),
    ...(required.length > 0 && { required }),
    ...(further.length > 0 && { additionalProperties: both(further[0], further[1]) }),
    ...(closed && [a, b].some(isObject) && { additionalProperties: false }),
    ...(keys.length > 0 && { propertyNames: both(keys[0], keys[1]) }),
  };
}

const isObject = ({ properties, additionalProperties }: JsonSchema) =>
  properties !== undefined || additionalProperties !== undefined;

function commonItems(a: JsonSchema, b: JsonSchema): JsonSchema {
  const sides = [a, b].filter(({ items, prefixItems }) => items !== undefined || prefixItems !== undefined);
  if (sides.length < 2) return { ...pick(sides[0] ?? {}) };
  const longest = Math.max(...sides.map(({ prefixItems }) => prefixItems?.length ?? 0));
  const at = (index: number) => both(itemOf(a, index), itemOf(b, index));
  const prefixItems = Array.from({ length: longest }, (_, index) => at(index));
  return { ...(longest > 0 && { prefixItems }), items: at(longest) };
}

const pick = ({ items, prefixItems }: JsonSchema): JsonSchema => ({
  ...(items !== undefined && { items }),
  ...(prefixItems && { prefixItems }),
});
