import type { Difference, Direction, Place } from './difference.js';
import { compareLimits, compareText } from './difference.js';
import type { Branch, JsonSchema } from './schema.js';
import { branchesOf } from './schema.js';

/** A schema, and the document that its references point into. */
interface Side {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

interface Comparison extends Place {
  /** References that are being compared, so that a recursive schema comes to an end. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Compares two versions of a schema. Pure.
 *
 * @returns what breaks; nothing for a change that everybody can live with
 */
export function compareSchemas(before: JsonSchema, after: JsonSchema, direction: Direction): Difference[] {
  const sides = [before, after].map((schema) => ({ schema, root: schema }));
  const [narrow, wide] = direction === 'in' ? sides : sides.reverse();
  return compare(narrow!, wide!, { direction, path: [], seen: new Set() });
}

function compare(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const refs = narrow.schema.$ref && wide.schema.$ref && `${narrow.schema.$ref} ${wide.schema.$ref}`;
  if (refs && at.seen.has(refs)) return [];
  const deeper = refs ? { ...at, seen: new Set([...at.seen, refs]) } : at;
  const branches = branchesOf(narrow.schema, narrow.root);
  const others = branchesOf(wide.schema, wide.root);
  const attempts = branches.map((branch) =>
    others
      .filter((other) => suits(branch, other))
      .map((other) => compareBranch({ ...branch, root: narrow.root }, { ...other, root: wide.root }, deeper))
      .sort((a, b) => distance(a) - distance(b)),
  );
  const misfits = branches.filter((_, index) => attempts[index]!.length === 0);
  return [...attempts.flatMap(([best]) => best ?? []), ...compareKinds(misfits, branches, others, at)];
}

/** Variants are told apart by a single value: one with another value is farther than one with other fields. */
const distance = (differences: readonly Difference[]) =>
  differences.reduce((sum, { rule }) => sum + (rule === 'values' ? 100 : 1), 0);

/** Whether it is worth while to compare the two more closely. */
function suits(narrow: Branch, wide: Branch): boolean {
  if (wide.type === 'any') return true;
  if (wide.literal) return narrow.literal !== undefined && same(narrow.literal.value, wide.literal.value);
  if (narrow.type !== wide.type && !(narrow.type === 'integer' && wide.type === 'number')) return false;
  return narrow.literal === undefined || keeps(narrow.literal.value, wide);
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Whether a single value keeps the rules for its type. */
function keeps(value: unknown, { schema, patterns }: Branch): boolean {
  if (typeof value === 'number') return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  if (typeof value !== 'string') return true;
  const long = value.length >= (schema.minLength ?? 0) && value.length <= (schema.maxLength ?? Infinity);
  return long && patterns.every((pattern) => new RegExp(pattern, 'u').test(value));
}

/** Types and values that the other side does not have, told together. */
function compareKinds(misfits: Branch[], narrow: Branch[], wide: Branch[], { direction, path }: Place): Difference[] {
  if (misfits.length === 0) return [];
  const [before, after] = direction === 'in' ? [narrow, wide] : [wide, narrow];
  const rule = misfits.some((branch) => branch.literal) ? 'values' : 'type';
  return [{ path, rule, was: namesOf(before), is: namesOf(after) }];
}

function namesOf(branches: readonly Branch[]): string {
  const names = branches.map(({ type, literal }) => (literal ? JSON.stringify(literal.value) : type));
  return [...new Set(names)].join(' | ') || 'nothing';
}

function compareBranch(narrow: Branch & Side, wide: Branch & Side, at: Comparison): Difference[] {
  if (wide.type === 'any' || narrow.literal) return [];
  if (narrow.type === 'object') return compareObjects(narrow, wide, at);
  if (narrow.type === 'array') return compareArrays(narrow, wide, at);
  return [...compareLimits(narrow.schema, wide.schema, at), ...compareText(narrow, wide, at)];
}

function compareObjects(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const [before, after] = at.direction === 'in' ? [narrow.schema, wide.schema] : [wide.schema, narrow.schema];
  const kept = (name: string) => name in (after.properties ?? {});
  const removed = Object.keys(before.properties ?? {}).filter((name) => !kept(name));
  const needed = (wide.schema.required ?? []).filter(
    (name) => !narrow.schema.required?.includes(name) && !removed.includes(name),
  );
  const found = (name: string, rule: Difference['rule']) => ({ path: [...at.path, name], rule });
  const common = Object.keys(before.properties ?? {}).filter(kept);
  return [
    ...removed.map((name) => found(name, 'removed')),
    ...needed.map((name) => found(name, at.direction === 'in' ? 'required' : 'optional')),
    ...compareUnknownFields(before, after, at),
    ...common.flatMap((name) => compare(field(narrow, name), field(wide, name), { ...at, path: [...at.path, name] })),
    ...compareRecords(narrow, wide, at),
  ];
}

const field = ({ schema, root }: Side, name: string): Side => ({ schema: schema.properties![name]!, root });

/** Unknown fields are left out silently, unless the schema is strict. */
function compareUnknownFields(before: JsonSchema, after: JsonSchema, { direction, path }: Place): Difference[] {
  if (direction === 'in')
    return after.additionalProperties === false && before.additionalProperties !== false
      ? [{ path, rule: 'strict' }]
      : [];
  const added = Object.keys(after.properties ?? {}).filter((name) => !(name in (before.properties ?? {})));
  return before.additionalProperties === false ? added.map((name) => ({ path: [...path, name], rule: 'strict' })) : [];
}

/** Objects with any field names: the schemas of all names and of all values. */
function compareRecords(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const path = [...at.path, '*'];
  const values = [narrow, wide].map(({ schema }) =>
    typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined,
  );
  const [before, after] = at.direction === 'in' ? values : values.toReversed();
  if (before && !after) return [{ path, rule: 'removed' }];
  if (!values[0] || !values[1]) return [];
  const names = [narrow, wide].map(({ schema, root }) => ({
    schema: schema.propertyNames ?? { type: 'string' },
    root,
  }));
  return [
    ...compare(names[0]!, names[1]!, { ...at, path }),
    ...compare({ schema: values[0], root: narrow.root }, { schema: values[1], root: wide.root }, { ...at, path }),
  ];
}

function compareArrays(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const item = ({ schema, root }: Side, index: number): Side => {
    const rest = typeof schema.items === 'object' ? schema.items : schema.items === false ? { not: {} } : {};
    return { schema: schema.prefixItems?.[index] ?? rest, root };
  };
  const longest = Math.max(narrow.schema.prefixItems?.length ?? 0, wide.schema.prefixItems?.length ?? 0);
  const places = Array.from({ length: longest }, (_, index) =>
    compare(item(narrow, index), item(wide, index), { ...at, path: [...at.path, String(index)] }),
  );
  return [
    ...compareLimits(narrow.schema, wide.schema, at),
    ...places.flat(),
    ...compare(item(narrow, longest), item(wide, longest), at),
  ];
}
