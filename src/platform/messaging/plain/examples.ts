import { z } from 'zod';
import { textExample } from './text-examples.js';

/** Which of the values that a schema allows. */
interface Choice {
  /** Whether fields are there that may be left out. */
  readonly full: boolean;
  /** Which option of each union. */
  readonly option: number;
}

const CHOICES: readonly Choice[] = [
  { full: true, option: 0 },
  { full: false, option: 0 },
  { full: true, option: 1 },
  { full: true, option: 2 },
];

/** From here on, a schema that contains itself is brought to an end, or given up. */
const DEEP = 6;
const TOO_DEEP = 20;

/**
 * Makes up values of a schema, the same ones each time; not all need to fit.
 * @returns at least one, unless the schema has rules that nobody can guess; the first has every field
 */
export function examplesOf(schema: z.core.$ZodType): unknown[] {
  const examples = new Map<string | undefined, unknown>();
  for (const choice of CHOICES) {
    try {
      const example = exampleOf(schema, choice, 0);
      const text = JSON.stringify(example);
      if (!examples.has(text)) examples.set(text, example);
    } catch {
      continue;
    }
  }
  return [...examples.values()];
}

/** @throws Error where it would never end, or nothing fits */
function exampleOf(schema: z.core.$ZodType, choice: Choice, depth: number): unknown {
  if (depth > TOO_DEEP) throw new Error('never ends');
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const inner = (one: z.core.$ZodType) => exampleOf(one, choice, depth + 1);
  const absent = depth > DEEP || !choice.full;
  switch (def.type) {
    case 'string':
      return once(schema, textExample);
    case 'template_literal':
      return def.parts.map((part) => String(isSchema(part) ? inner(part) : part)).join('');
    case 'number':
      return once(schema, numberExample);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'literal':
      return def.values[0];
    case 'enum':
      return [...schema._zod.values!][0];
    case 'object':
      return objectExample(def, inner);
    case 'array':
      return listExample(schema, def.element, inner, depth > DEEP ? 0 : 1);
    case 'tuple':
      return def.items.map(inner);
    case 'record':
      return recordExample(def, inner, depth > DEEP);
    case 'union':
      return unionExample(def.options, choice, depth);
    case 'intersection':
      return Object.assign({}, inner(def.left), inner(def.right));
    case 'lazy':
      return inner((schema as z.core.$ZodLazy)._zod.innerType);
    case 'nonoptional':
      return exampleOf(def.innerType, { ...choice, full: true }, depth + 1);
    case 'optional':
      return absent ? undefined : inner(def.innerType);
    case 'nullable':
      return absent ? null : inner(def.innerType);
    case 'default':
    case 'prefault':
      return absent ? undefined : def.defaultValue;
    default:
      if ('innerType' in def) return inner(def.innerType);
      throw new Error('nothing fits');
  }
}

const guessed = new WeakMap<z.core.$ZodType, unknown>();

/** Guessing takes longer than anything else, and modules share schemas. */
function once<T>(schema: z.core.$ZodType, guess: (schema: z.core.$ZodType) => T): T {
  if (!guessed.has(schema)) guessed.set(schema, guess(schema));
  return guessed.get(schema) as T;
}

const isSchema = (part: unknown): part is z.core.$ZodType => typeof part === 'object' && part !== null;

type Inner = (schema: z.core.$ZodType) => unknown;

function objectExample({ shape }: z.core.$ZodObjectDef, inner: Inner): object {
  const fields = Object.entries(shape).map(([name, field]) => [name, inner(field)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function recordExample({ keyType, valueType }: z.core.$ZodRecordDef, inner: Inner, empty: boolean): object {
  const names = [...((keyType as z.core.$ZodTypes)._zod.values ?? (empty ? [] : [inner(keyType)]))];
  return Object.fromEntries(names.map((name) => [name as string, inner(valueType)]));
}

function listExample(schema: z.core.$ZodType, element: z.core.$ZodType, inner: Inner, wanted: number): unknown[] {
  const { minItems = 0, maxItems = Infinity } = sizesOf(schema);
  const length = Math.min(Math.max(minItems, wanted), maxItems);
  return Array.from({ length }, () => inner(element));
}

function sizesOf({ _zod }: z.core.$ZodType): { minItems?: number; maxItems?: number } {
  const checks = (_zod.def.checks ?? []).map(
    (check) => check._zod.def as { minimum?: number; maximum?: number; length?: number },
  );
  const least = checks.flatMap(({ minimum, length }) => minimum ?? length ?? []);
  const most = checks.flatMap(({ maximum, length }) => maximum ?? length ?? []);
  return {
    ...(least.length > 0 && { minItems: Math.max(...least) }),
    ...(most.length > 0 && { maxItems: Math.min(...most) }),
  };
}

/** The first option, from the chosen one on, that comes to an end. */
function unionExample(options: readonly z.core.$ZodType[], choice: Choice, depth: number): unknown {
  const first = Math.min(choice.option, options.length - 1);
  for (const option of [...options.slice(first), ...options.slice(0, first)]) {
    try {
      return exampleOf(option, choice, depth + 1);
    } catch {
      continue;
    }
  }
  throw new Error('nothing fits');
}

/** 1, or what is near to its limits. */
function numberExample(schema: z.core.$ZodType): number {
  const checks = (schema._zod.def.checks ?? []).map((check) => check._zod.def as { check: string; value?: number });
  const step = checks.find(({ check }) => check === 'multiple_of')?.value ?? 1;
  const values = checks.filter(({ check }) => check !== 'multiple_of').flatMap(({ value }) => value ?? []);
  const near = [1, ...values].flatMap((value) => [Math.ceil(value / step) * step, Math.floor(value / step) * step]);
  const middle = values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
  const guesses = [...near, ...near.flatMap((value) => [value + step, value - step]), ...values, middle, 0];
  const found = guesses.find((guess) => z.safeParse(schema, guess, { jitless: true }).success);
  if (found === undefined) throw new Error('no number fits');
  return found;
}
