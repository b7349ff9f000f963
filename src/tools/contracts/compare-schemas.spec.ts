import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { compareSchemas } from './compare-schemas.js';
import { toJsonSchema } from './describe.js';
import type { Direction } from './difference.js';

type Shape = Parameters<typeof z.object>[0] & object;
type Expected = readonly string[];

function differences(before: z.ZodType, after: z.ZodType, direction: Direction): string[] {
  const [was, is] = [before, after].map((schema) => toJsonSchema(schema, direction === 'in' ? 'input' : 'output'));
  return compareSchemas(was!, is!, direction).map((it) =>
    [it.rule, it.path.join('.') || '-', it.was && `${it.was} → ${it.is}`].filter(Boolean).join(' '),
  );
}

const fine: Expected = [];
const money = z.object({ amount: z.int().min(0).max(100), currency: z.string() });

/** What breaks when the field `f` changes: for those who send it, and for those who get it. */
const FIELDS: readonly [string, z.ZodType | undefined, z.ZodType | undefined, Expected, Expected][] = [
  ['nothing', z.string(), z.string(), fine, fine],
  ['a required field is added', undefined, z.string(), ['required f'], fine],
  ['an optional field is added', undefined, z.string().optional(), fine, fine],
  ['a field with a default is added', undefined, z.string().default('x'), fine, fine],
  ['a required field is removed', z.string(), undefined, ['removed f'], ['removed f']],
  ['an optional field is removed', z.string().optional(), undefined, ['removed f'], ['removed f']],
  ['it becomes optional', z.string(), z.string().optional(), fine, ['optional f']],
  ['it becomes required', z.string().optional(), z.string(), ['required f'], fine],
  ['it gets a default', z.string(), z.string().default('x'), fine, fine],
  ['it loses its default', z.string().default('x'), z.string(), ['required f'], fine],
  ['another type', z.string(), z.number(), ['type f string → number'], ['type f string → number']],
  ['a whole number becomes any', z.int(), z.number(), fine, ['type f integer → number']],
  ['any number becomes whole', z.number(), z.int(), ['type f number → integer'], fine],
  ['it may be null', z.string(), z.string().nullable(), fine, ['type f string → string | null']],
  ['it may not be null', z.string().nullable(), z.string(), ['type f string | null → string'], fine],
  [
    'another type beside the one',
    z.string(),
    z.union([z.string(), z.boolean()]),
    fine,
    ['type f string → string | boolean'],
  ],
  ['one type fewer', z.union([z.string(), z.boolean()]), z.string(), ['type f string | boolean → string'], fine],
  ['a value more', z.enum(['a', 'b']), z.enum(['a', 'b', 'c']), fine, ['values f "a" | "b" → "a" | "b" | "c"']],
  ['a value fewer', z.enum(['a', 'b']), z.enum(['a']), ['values f "a" | "b" → "a"'], fine],
  ['another value', z.literal(1), z.literal(2), ['values f 1 → 2'], ['values f 1 → 2']],
  ['values become text', z.enum(['a', 'b']), z.string(), fine, ['type f "a" | "b" → string']],
  [
    'values become text that has room for them',
    z.enum(['a', 'b']),
    z.string().max(1),
    fine,
    ['type f "a" | "b" → string'],
  ],
  [
    'values become text that has not',
    z.enum(['a', 'bb']),
    z.string().max(1),
    ['values f "a" | "bb" → string'],
    ['type f "a" | "bb" → string'],
  ],
  ['text becomes values', z.string(), z.enum(['a', 'b']), ['type f string → "a" | "b"'], fine],
  ['a higher minimum', z.int().min(1), z.int().min(5), ['limit f minimum 1 → minimum 5'], fine],
  ['a lower minimum', z.int().min(5), z.int().min(1), fine, ['limit f minimum 5 → minimum 1']],
  ['a higher maximum', z.int().max(5), z.int().max(9), fine, ['limit f maximum 5 → maximum 9']],
  ['a lower maximum', z.int().max(9), z.int().max(5), ['limit f maximum 9 → maximum 5'], fine],
  ['a length limit', z.string(), z.string().max(5), ['limit f no maxLength → maxLength 5'], fine],
  ['no length limit', z.string().min(5), z.string(), fine, ['limit f minLength 5 → no minLength']],
  ['fewer items', z.array(z.string()).max(9), z.array(z.string()).max(5), ['limit f maxItems 9 → maxItems 5'], fine],
  ['steps', z.number(), z.number().multipleOf(5), ['limit f no multipleOf → multipleOf 5'], fine],
  ['wider steps', z.number().multipleOf(5), z.number().multipleOf(10), ['limit f multipleOf 5 → multipleOf 10'], fine],
  ['a regular expression', z.string(), z.string().regex(/^a$/), ['text f any text → ^a$'], fine],
  ['one more', z.string().regex(/^a/), z.string().regex(/^a/).regex(/z$/), ['text f ^a → ^a'], fine],
  ['no regular expression', z.string().regex(/^a$/), z.string(), fine, ['text f ^a$ → any text']],
  [
    'another regular expression',
    z.string().regex(/^a$/),
    z.string().regex(/^b$/),
    ['text f ^a$ → ^b$'],
    ['text f ^a$ → ^b$'],
  ],
  ['a format', z.string(), z.uuid(), ['text f any text → uuid'], fine],
  ['another format', z.uuid(), z.email(), ['text f uuid → email'], ['text f uuid → email']],
  ['a required field inside', z.object({}), z.object({ g: z.string() }), ['required f.g'], fine],
  ['a removed field inside', z.object({ g: z.string() }), z.object({}), ['removed f.g'], ['removed f.g']],
  [
    'a removed field inside of items',
    z.array(money),
    z.array(money.omit({ currency: true })),
    ['removed f.currency'],
    ['removed f.currency'],
  ],
  [
    'a limit inside of items',
    z.array(money),
    z.array(money.extend({ amount: z.int().min(0).max(50) })),
    ['limit f.amount maximum 100 → maximum 50'],
    fine,
  ],
  ['other items', z.array(z.string()), z.array(z.boolean()), ['type f string → boolean'], ['type f string → boolean']],
  ['strictness', z.object({}), z.strictObject({}), ['strict f'], fine],
  [
    'a field in something strict',
    z.strictObject({}),
    z.strictObject({ g: z.string() }),
    ['required f.g'],
    ['strict f.g'],
  ],
  [
    'other values of a record',
    z.record(z.string(), z.string()),
    z.record(z.string(), z.int()),
    ['type f.* string → integer'],
    ['type f.* string → integer'],
  ],
  [
    'a record with fewer names',
    z.record(z.string(), z.string()),
    z.partialRecord(z.enum(['a']), z.string()),
    ['type f.* string → "a"'],
    fine,
  ],
  ['a record becomes an object', z.record(z.string(), z.string()), z.object({}), ['removed f.*'], ['removed f.*']],
  [
    'a tuple with another place',
    z.tuple([z.string(), z.string()]),
    z.tuple([z.string(), z.int()]),
    ['type f.1 string → integer'],
    ['type f.1 string → integer'],
  ],
  ['free-form data', z.json(), z.json(), fine, fine],
  [
    'free-form data becomes text',
    z.json(),
    z.string(),
    ['type f string | number | boolean | null | array | object → string'],
    fine,
  ],
  [
    'a variant more',
    z.discriminatedUnion('t', [z.object({ t: z.literal('a'), x: z.string() })]),
    z.discriminatedUnion('t', [
      z.object({ t: z.literal('a'), x: z.string() }),
      z.object({ t: z.literal('b'), x: z.string() }),
    ]),
    fine,
    ['values f.t "a" → "b"'],
  ],
  [
    'a field removed of one variant',
    z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b'), x: z.string() })]),
    z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
    ['removed f.x'],
    ['removed f.x'],
  ],
  ['both of two', z.intersection(money, z.object({ x: z.string() })), money, ['removed f.x'], ['removed f.x']],
];

describe.each(FIELDS)('%s', (_, before, after, sending, getting) => {
  const shape = (field: z.ZodType | undefined): Shape => (field ? { f: field } : {});
  const [was, is] = [before, after].map((field) => z.object(shape(field)));

  it(`breaks for those who send it: ${sending.join(', ') || 'nothing'}`, () => {
    expect(differences(was!, is!, 'in')).toEqual(sending);
  });

  it(`breaks for those who get it: ${getting.join(', ') || 'nothing'}`, () => {
    expect(differences(was!, is!, 'out')).toEqual(getting);
  });
});

it('comes to an end with a schema that contains itself', () => {
  const tree = (leaf: z.ZodType): z.ZodType => {
    const Tree = z.object({
      leaf,
      get branches() {
        return z.array(Tree);
      },
    });
    return Tree;
  };
  expect(differences(tree(z.string()), tree(z.string()), 'in')).toEqual([]);
  expect(differences(tree(z.string()), tree(z.int()), 'in')).toContain('type leaf string → integer');
});
