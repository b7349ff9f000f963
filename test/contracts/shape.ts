import { z } from 'zod';
import { seeded } from '../../src/platform/transport/fault-injection/seeded.js';

/** From 0 up to, but without, 1. */
export type Random = () => number;

export const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

type Presence = 'required' | 'optional' | 'default' | 'nullable';
export interface Field {
  readonly shape: Shape;
  readonly presence: Presence;
}
type Fields = Readonly<Record<string, Field>>;

/** What schemas are made of at random, and changed at random. */
export type Shape =
  | { readonly kind: 'text'; readonly least: number; readonly most: number; readonly rule: TextRule }
  | {
      readonly kind: 'number';
      readonly whole: boolean;
      readonly low: Limit;
      readonly high: Limit;
      readonly step: number;
    }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'values'; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly kind: 'list'; readonly item: Shape; readonly least: number; readonly most: number }
  | { readonly kind: 'tuple'; readonly items: readonly Shape[]; readonly rest: Shape | undefined }
  | { readonly kind: 'object'; readonly fields: Fields; readonly others: 'dropped' | 'refused' | Shape }
  | { readonly kind: 'record'; readonly names: 'any' | 'few' | 'all'; readonly value: Shape }
  | { readonly kind: 'union'; readonly options: readonly Shape[] }
  | { readonly kind: 'both'; readonly parts: readonly Shape[] }
  | { readonly kind: 'chain'; readonly leaf: Shape; readonly link: 'next' | 'list' };

export type TextRule = 'none' | 'lower' | 'anyCase' | 'uuid' | 'email' | 'url' | 'https' | 'hex';
export type Limit = { readonly value: number; readonly exclusive: boolean } | undefined;

const TEXT: Readonly<Record<TextRule, () => z.ZodString | z.ZodStringFormat>> = {
  none: () => z.string(),
  lower: () => z.string().regex(/^[a-z]*$/),
  anyCase: () => z.string().regex(/^[a-z]*$/i),
  uuid: () => z.uuid(),
  email: () => z.email(),
  url: () => z.url(),
  https: () => z.url({ protocol: /^https$/ }),
  hex: () => z.hex(),
};

/** The schema of a shape. */
export function schemaOf(shape: Shape): z.ZodType {
  switch (shape.kind) {
    case 'text':
      return (TEXT[shape.rule]() as z.ZodString).min(shape.least).max(shape.most);
    case 'number':
      return numberOf(shape);
    case 'boolean':
      return z.boolean();
    case 'values':
      return z.literal(shape.values);
    case 'list':
      return z.array(schemaOf(shape.item)).min(shape.least).max(shape.most);
    case 'tuple':
      return tupleOf(shape);
    case 'object':
      return objectOf(shape);
    case 'record':
      return recordOf(shape);
    case 'union':
      return z.union(shape.options.map(schemaOf));
    case 'both':
      return shape.parts
        .map(asPart)
        .map(schemaOf)
        .reduce((a, b) => z.intersection(a, b));
    case 'chain':
      return chainOf(shape);
  }
}

/** What messages may have as a part of an intersection. */
function asPart(shape: Shape): Shape {
  const fields = shape.kind === 'object' ? shape.fields : {};
  if (shape.kind === 'chain') return shape;
  return {
    kind: 'object',
    fields,
    others: shape.kind === 'object' && shape.others === 'refused' ? 'refused' : 'dropped',
  };
}

function numberOf({ whole, low, high, step }: Extract<Shape, { kind: 'number' }>): z.ZodType {
  let schema: z.ZodNumber = whole ? z.int() : z.number();
  if (low) schema = low.exclusive ? schema.gt(low.value) : schema.gte(low.value);
  if (high) schema = high.exclusive ? schema.lt(high.value) : schema.lte(high.value);
  return step > 0 ? schema.multipleOf(step) : schema;
}

export function objectOf({ fields, others }: Extract<Shape, { kind: 'object' }>): z.ZodObject {
  const schema = z.object(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldOf(field)])));
  if (others === 'dropped') return schema;
  return others === 'refused' ? schema.strict() : schema.catchall(schemaOf(others));
}

function fieldOf({ shape, presence }: Field): z.ZodType {
  const schema = schemaOf(shape);
  if (presence === 'optional') return schema.optional();
  if (presence === 'nullable') return schema.nullable();
  if (presence === 'required') return schema;
  const value = someValue(shape);
  return takes(schema, value) ? schema.prefault(value as never) : schema.optional();
}

function tupleOf({ items, rest }: Extract<Shape, { kind: 'tuple' }>): z.ZodType {
  const places = items.map(schemaOf) as [z.ZodType];
  return rest ? z.tuple(places, schemaOf(rest)) : z.tuple(places);
}

function recordOf({ names, value }: Extract<Shape, { kind: 'record' }>): z.ZodType {
  if (names === 'any') return z.record(z.string(), schemaOf(value));
  const few = z.enum(['a', 'b']);
  return names === 'few' ? z.partialRecord(few, schemaOf(value)) : z.record(few, schemaOf(value));
}

function chainOf({ leaf, link }: Extract<Shape, { kind: 'chain' }>): z.ZodType {
  const Chain: z.ZodObject = z.object({
    leaf: schemaOf(leaf),
    get more() {
      return link === 'next' ? Chain.optional() : z.array(Chain);
    },
  });
  return Chain;
}

/** The same value each time. */
const someValue = (shape: Shape) => valueOf(shape, seeded(1));

/** What `schema` makes of a value; zod throws where the two sides of an intersection make different things of it. */
export function parsed(schema: z.ZodType, value: unknown): { readonly data: unknown } | undefined {
  try {
    const { success, data } = schema.safeParse(value);
    return success ? { data } : undefined;
  } catch {
    return undefined;
  }
}

export const takes = (schema: z.ZodType, value: unknown) => parsed(schema, value) !== undefined;

const WORDS = ['', 'a', 'b', 'A', 'aB', 'ab', 'abc', 'hello', '9', 'é'];
const TEXTS: Readonly<Partial<Record<TextRule, string>>> = {
  uuid: '11111111-1111-4111-8111-111111111111',
  email: 'somebody@example.org',
};

/** A value that is likely to fit; the schema has the last word. */
export function valueOf(shape: Shape, random: Random, depth = 0): unknown {
  switch (shape.kind) {
    case 'text':
      return textOf(shape.rule, random);
    case 'number':
      return numberNear(shape, random);
    case 'boolean':
      return random() < 0.5;
    case 'values':
      return pick(random, shape.values);
    case 'list': {
      const length = shape.least + Math.floor(random() * Math.min(3, shape.most - shape.least + 1));
      return Array.from({ length }, () => valueOf(shape.item, random, depth));
    }
    case 'tuple': {
      const rest = shape.rest && random() < 0.5 ? [valueOf(shape.rest, random, depth)] : [];
      return [...shape.items.map((item) => valueOf(item, random, depth)), ...rest];
    }
    case 'object':
      return fieldsOf(shape, random, depth);
    case 'record': {
      const names = shape.names === 'any' ? ['a', 'x'] : ['a', 'b'];
      const some = names.filter(() => shape.names === 'all' || random() < 0.6);
      return Object.fromEntries(some.map((name) => [name, valueOf(shape.value, random, depth)]));
    }
    case 'union':
      return valueOf(pick(random, shape.options), random, depth);
    case 'both':
      return Object.assign({}, ...shape.parts.map((part) => valueOf(asPart(part), random, depth) as object));
    case 'chain':
      return linksOf(shape, random, depth);
  }
}

function textOf(rule: TextRule, random: Random): string {
  if (rule === 'url' || rule === 'https') return pick(random, ['https://a.example', 'http://a.example', 'ftp://b']);
  return TEXTS[rule] ?? pick(random, WORDS);
}

function numberNear({ whole, low, high, step }: Extract<Shape, { kind: 'number' }>, random: Random): number {
  const near = pick(random, [low?.value, high?.value, 0, 1, 7.5, 12, 0.15]) ?? 3;
  const moved = near + pick(random, [0, 0, 1, -1, step, -step, 0.01]);
  const stepped = step > 0 ? Number((Math.round(moved / step) * step).toFixed(4)) : moved;
  return whole ? Math.round(stepped) : stepped;
}

function fieldsOf({ fields, others }: Extract<Shape, { kind: 'object' }>, random: Random, depth: number): object {
  const own = Object.entries(fields).flatMap(([name, { shape, presence }]) => {
    if (presence !== 'required' && presence !== 'nullable' && random() < 0.4) return [];
    return [[name, presence === 'nullable' && random() < 0.4 ? null : valueOf(shape, random, depth)]];
  });
  const further =
    typeof others === 'object' && random() < 0.7
      ? [[pick(random, ['a', 'b', 'y']), valueOf(others, random, depth)]]
      : [];
  return Object.fromEntries([...further, ...own]) as object;
}

function linksOf({ leaf, link }: Extract<Shape, { kind: 'chain' }>, random: Random, depth: number): object {
  const end = depth > 2 || random() < 0.4;
  const next = end ? undefined : linksOf({ kind: 'chain', leaf, link }, random, depth + 1);
  const more = link === 'list' ? (next ? [next] : []) : next;
  return { leaf: valueOf(leaf, random, depth), ...(more !== undefined && { more }) };
}
