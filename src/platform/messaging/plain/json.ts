import { z } from 'zod';
import { examplesOf } from './examples.js';
import { checksProblem, OWN_RULE, stringProblem } from './checks.js';

/** Where a schema stands: only a field may be absent, and only plain objects may be parts of an intersection. */
type Place = 'field' | 'value' | 'part';

type Def = z.core.$ZodTypes['_zod']['def'];
type DefOf<K extends Def['type']> = Extract<Def, { type: K }>;
type Child = readonly [name: string, schema: z.core.$ZodType, place: Place];

/**
 * Refuses a schema of which JSON carries less than it says, or which says more than its snapshot can: what is compared
 * then is not what holds.
 *
 * @throws TypeError that names the field, and says what to do
 */
export function refuseNonJson(message: string, part: string, schema: z.ZodType): void {
  const why = problemIn(schema, '', 'value', new Set()) ?? unreadableExample(schema);
  if (why) throw new TypeError(`${message}: its ${part} is not plain JSON: ${why}`);
}

function problemIn(schema: z.core.$ZodType, path: string, place: Place, seen: Set<string>): string | undefined {
  const key = `${idOf(schema)} ${place}`;
  if (seen.has(key)) return undefined;
  seen.add(key);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const own = problemOf(schema, def, place);
  if (own) return path ? `${path} ${own}` : `it ${own}`;
  for (const [name, child, inner] of childrenOf(schema as z.core.$ZodTypes, place)) {
    const problem = problemIn(child, [path, name].filter(Boolean).join('.'), inner, seen);
    if (problem) return problem;
  }
  return undefined;
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function idOf(schema: object): number {
  if (!ids.has(schema)) ids.set(schema, ++lastId);
  return ids.get(schema)!;
}

function childrenOf(schema: z.core.$ZodTypes, place: Place): readonly Child[] {
  const { def } = schema._zod;
  switch (def.type) {
    case 'object': {
      const fields = Object.entries(def.shape).map(([name, field]): Child => [name, field, 'field']);
      const rest = def.catchall && def.catchall._zod.def.type !== 'never' ? def.catchall : undefined;
      return rest ? [...fields, ['*', rest, 'value']] : fields;
    }
    case 'array':
      return [['[]', def.element, 'value']];
    case 'tuple':
      return [...def.items, ...(def.rest ? [def.rest] : [])].map((item, index) => [String(index), item, 'value']);
    case 'record':
      return [
        ['its names', def.keyType, 'value'],
        ['*', def.valueType, 'value'],
      ];
    case 'union':
      return def.options.map((option) => ['', option, place]);
    case 'intersection':
      return [def.left, def.right].map((side) => ['', side, 'part']);
    case 'nonoptional':
      return [['', def.innerType, 'field']];
    case 'lazy':
      return [['', (schema as z.core.$ZodLazy)._zod.innerType, place]];
    default:
      return 'innerType' in def ? [['', def.innerType, place]] : [];
  }
}

const PLAIN: ReadonlySet<Def['type']> = new Set<Def['type']>([
  ...(['string', 'number', 'boolean', 'null', 'never', 'literal', 'enum', 'template_literal'] as const),
  ...(['object', 'array', 'tuple', 'record', 'union', 'intersection', 'lazy'] as const),
  ...(['optional', 'nonoptional', 'nullable', 'default', 'prefault', 'readonly'] as const),
]);

/** What to say instead of what JSON does not have. */
const INSTEAD: Readonly<Partial<Record<Def['type'], string>>> = {
  any: 'accepts anything: say z.json() for free-form data',
  unknown: 'accepts anything: say z.json() for free-form data',
  date: 'is a Date: say z.iso.datetime()',
  bigint: 'is a bigint: say z.int(), or text of digits',
  map: 'is a Map: say z.record()',
  set: 'is a Set: say z.array()',
  undefined: 'is undefined, which JSON leaves out: say .optional() or .nullable()',
  void: 'is undefined, which JSON leaves out: say .optional() or .nullable()',
  catch: 'hides what is wrong by .catch(): say .default() or .nullable()',
  pipe: 'becomes another value when it is read: say what is sent, and convert it where it is used',
  transform: 'becomes another value when it is read: say what is sent, and convert it where it is used',
  custom: OWN_RULE,
};

function problemOf(schema: z.core.$ZodType, def: Def, place: Place): string | undefined {
  if (!PLAIN.has(def.type))
    return INSTEAD[def.type] ?? `is a ${def.type}: say it with text, numbers, objects and lists`;
  if ('coerce' in def && def.coerce)
    return 'converts what it is given (z.coerce): convert it before you make the message';
  return checksProblem(schema) ?? KIND_PROBLEMS[def.type]?.(def as never, place);
}

const OPTIONAL = 'may be undefined, which JSON has in fields only: say .nullable()';

const KIND_PROBLEMS: { readonly [K in Def['type']]?: (def: DefOf<K>, place: Place) => string | undefined } = {
  optional: (_, place) => (place === 'field' ? undefined : OPTIONAL),
  literal: ({ values }) => valuesProblem(values),
  enum: ({ entries }) => valuesProblem(Object.values(entries)),
  string: stringProblem,
  object: objectProblem,
  record: recordProblem,
  union: (def) =>
    def.inclusive === false && !('discriminator' in def)
      ? 'takes exactly one of several (z.xor), which one more would narrow: say z.union() or z.discriminatedUnion()'
      : undefined,
  default: defaultProblem,
  prefault: defaultProblem,
};

function valuesProblem(values: readonly unknown[]): string | undefined {
  const odd = values.filter((value) => !JSON_VALUES.has(typeof value) && value !== null && !Number.isFinite(value));
  return odd.length > 0 ? `has the value ${String(odd[0])}, which JSON does not: say it as text` : undefined;
}

const JSON_VALUES: ReadonlySet<string> = new Set(['string', 'boolean']);

function objectProblem({ shape, catchall }: DefOf<'object'>, place: Place): string | undefined {
  if (Reflect.ownKeys(shape).some((key) => typeof key === 'symbol' || key === '__proto__'))
    return 'has a field with a name that JSON cannot carry';
  const open = catchall && catchall._zod.def.type !== 'never';
  return open && place === 'part' ? PART : undefined;
}

const PART =
  'has further fields, and is a part of an intersection, which both sides would have to know: say one object';

function recordProblem({ keyType, mode }: DefOf<'record'>, place: Place): string | undefined {
  if (place === 'part') return PART;
  if (mode === 'loose') return 'accepts anything under other names (z.looseRecord): say z.record()';
  const { type } = (keyType as z.core.$ZodTypes)._zod.def;
  return type === 'number' ? 'has numbers for names, which JSON has as text: say z.string()' : undefined;
}

/** What stands in for a field that is left out is stored and sent like any other value. */
function defaultProblem(def: DefOf<'default'> | DefOf<'prefault'>): string | undefined {
  const { innerType, defaultValue } = def;
  const text = JSON.stringify(defaultValue);
  const read = text === undefined ? undefined : z.safeParse(innerType, JSON.parse(text), { jitless: true });
  if (!read?.success) return `has the default ${text}, which it does not take itself`;
  const again = JSON.stringify(def.defaultValue);
  return again === text ? undefined : `has another default each time (${text}, ${again}): put it in where it is made`;
}

/** Whatever the rules above let through: what was made once has to be made again of its own JSON. */
function unreadableExample(schema: z.ZodType): string | undefined {
  for (const example of examplesOf(schema)) {
    try {
      const made = schema.safeParse(example, { jitless: true });
      const written = made.success ? JSON.stringify(made.data) : undefined;
      if (written === undefined) continue;
      const read = schema.safeParse(JSON.parse(written), { jitless: true });
      if (!read.success) return `${written} is made by it, but not read again: ${z.prettifyError(read.error)}`;
      if (JSON.stringify(read.data) !== written)
        return `${written} is made by it, but read as ${JSON.stringify(read.data)}`;
    } catch (error) {
      return `${JSON.stringify(example)} cannot be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}
