import type { Comparison, Difference, Direction, Rule } from './difference.js';
import { inTime } from './difference.js';
import type { JsonSchema, Side } from './schema.js';
import { fieldOf, furtherFields, itemOf, resolve } from './schema.js';

const inside = (name: string, differences: readonly Difference[]) =>
  differences.map((difference) => ({ ...difference, path: [name, ...difference.path] }));

/** The fields of two objects, what else they may hold, and how it may be called. */
export function compareObjects(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const [before, after] = inTime(at.direction, narrow, wide);
  const names = [...new Set([before, after].flatMap(({ schema }) => Object.keys(schema.properties ?? {})))];
  const removed = names.filter((name) => fieldOf(before.schema, name) && !fieldOf(after.schema, name));
  const needed = (wide.schema.required ?? []).filter(
    (name) => !narrow.schema.required?.includes(name) && !removed.includes(name),
  );
  const found = (name: string, rule: Rule) => ({ path: [name], rule });
  return [
    ...removed.map((name) => found(name, 'removed')),
    ...needed.map((name) => found(name, at.direction === 'in' ? 'required' : 'optional')),
    ...compareUnknownFields(before.schema, after.schema, at.direction),
    ...names.flatMap((name) => inside(name, compareFields(name, narrow, wide, at))),
    ...compareRecords(narrow, wide, at),
  ];
}

function compareFields(name: string, narrow: Side, wide: Side, at: Comparison): readonly Difference[] {
  const [inner, outer] = [fieldOf(narrow.schema, name), fieldOf(wide.schema, name)];
  if (!inner || !outer) return [];
  const [a, b] = [
    { schema: inner, root: narrow.root },
    { schema: outer, root: wide.root },
  ];
  const [before, after] = inTime(at.direction, a, b);
  const needed = inTime(at.direction, narrow, wide)[1].schema.required?.includes(name) ?? false;
  return [
    ...compareNames(name, wide, at),
    ...compareDefaults(before, after, at.direction, needed),
    ...at.compare(a, b),
  ];
}

/** A record may restrict how its fields are called. */
function compareNames(name: string, { schema, root }: Side, at: Comparison): Difference[] {
  if (!schema.propertyNames) return [];
  const own = { schema: { const: name }, root: {} };
  const fits = at.compare(own, { schema: schema.propertyNames, root }).length === 0;
  return fits ? [] : [{ path: [], rule: at.direction === 'in' ? 'removed' : 'strict' }];
}

/** What is put in for a field that is left out. It says nothing of what comes out, as long as there is one. */
function compareDefaults(before: Side, after: Side, direction: Direction, needed: boolean): Difference[] {
  const [was, is] = [defaultOf(before), defaultOf(after)];
  if (was === undefined || was === is) return [];
  if (is === undefined && (direction === 'out' || needed)) return [];
  return [{ path: [], rule: 'default', was, is: is ?? 'none' }];
}

function defaultOf({ schema, root }: Side): string | undefined {
  if (schema.default !== undefined) return JSON.stringify(schema.default);
  return schema.$ref === undefined ? undefined : defaultOf({ schema: resolve(schema.$ref, root), root });
}

/** Unknown fields are left out silently, unless the schema is strict. */
function compareUnknownFields(before: JsonSchema, after: JsonSchema, direction: Direction): Difference[] {
  if (direction === 'in') {
    const open = before.additionalProperties === undefined && !before.propertyNames;
    const closes = after.additionalProperties === false || after.propertyNames !== undefined;
    return open && closes && !takesAnyName(after) ? [{ path: [], rule: 'strict' }] : [];
  }
  if (before.additionalProperties !== false) return [];
  const added = Object.keys(after.properties ?? {}).filter((name) => !fieldOf(before, name));
  const names = furtherFields(after) ? [...added, '*'] : added;
  return names.map((name) => ({ path: [name], rule: 'strict' }));
}

/** A record of all names takes unknown fields too. */
const takesAnyName = ({ propertyNames }: JsonSchema) =>
  propertyNames !== undefined && Object.keys(propertyNames).join() === 'type' && propertyNames.type === 'string';

const ANY_NAME: JsonSchema = { type: 'string' };

/** Objects with any field names: the schemas of all names and of all values. */
function compareRecords(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const values = [narrow, wide].map(({ schema }) => furtherFields(schema));
  const [before, after] = inTime(at.direction, values[0], values[1]);
  if (before && !after) return [{ path: ['*'], rule: 'removed' }];
  if (!values[0] || !values[1]) return [];
  const names = [narrow, wide].map(({ schema, root }) => ({ schema: schema.propertyNames ?? ANY_NAME, root }));
  const sides = [narrow, wide].map(({ root }, index) => ({ schema: values[index]!, root }));
  return inside('*', [...at.compare(names[0]!, names[1]!), ...at.compare(sides[0]!, sides[1]!)]);
}

/** The places of tuples by their number, all others with the path of the array. Places that are never filled do not count. */
export function compareArrays(narrow: Side, wide: Side, at: Comparison): Difference[] {
  const longest = Math.max(narrow.schema.prefixItems?.length ?? 0, wide.schema.prefixItems?.length ?? 0);
  const most = narrow.schema.maxItems ?? Infinity;
  const item = ({ schema, root }: Side, index: number): Side => ({ schema: itemOf(schema, index), root });
  const places = Array.from({ length: Math.min(longest, most) }, (_, index) =>
    inside(String(index), at.compare(item(narrow, index), item(wide, index))),
  );
  const rest = most > longest ? at.compare(item(narrow, longest), item(wide, longest)) : [];
  return [...places.flat(), ...rest];
}
