import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { compareSchemas } from './compare-schemas.js';
import { toJsonSchema } from '../describe.js';
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
/** A schema that contains itself. */
const chain = (leaf: z.ZodType): z.ZodType => {
  const Chain = z.object({
    leaf,
    get next() {
      return Chain.optional();
    },
  });
  return Chain;
};
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
  ['one more', z.string().regex(/^a/), z.string().regex(/^a/).regex(/z$/), ['text f ^a → ^a and z$'], fine],
  ['no regular expression', z.string().regex(/^a$/), z.string(), fine, ['text f ^a$ → any text']],
  [
    'another regular expression',
    z.string().regex(/^a$/),
    z.string().regex(/^b$/),
    ['text f ^a$ → ^b$'],
    ['text f ^a$ → ^b$'],
  ],
  [
    'an exclusive minimum becomes inclusive',
    z.number().gt(5),
    z.number().gte(5),
    fine,
    ['limit f exclusiveMinimum 5 → minimum 5'],
  ],
  [
    'an inclusive maximum becomes exclusive',
    z.number().lte(5),
    z.number().lt(5),
    ['limit f maximum 5 → exclusiveMaximum 5'],
    fine,
  ],
  ['the same limit of whole numbers in other words', z.int().gt(4), z.int().gte(5), fine, fine],
  ['the limits of all numbers', z.number(), z.float64(), fine, fine],
  [
    'the limits of few numbers',
    z.number(),
    z.float32(),
    ['limit f no minimum → minimum -3.4028234663852886e+38', 'limit f no maximum → maximum 3.4028234663852886e+38'],
    fine,
  ],
  [
    'finer steps',
    z.number().multipleOf(0.05),
    z.number().multipleOf(0.01),
    fine,
    ['limit f multipleOf 0.05 → multipleOf 0.01'],
  ],
  [
    'finer steps that do not contain the others',
    z.number().multipleOf(0.05),
    z.number().multipleOf(0.02),
    ['limit f multipleOf 0.05 → multipleOf 0.02'],
    ['limit f multipleOf 0.05 → multipleOf 0.02'],
  ],
  ['whole numbers become halves', z.int(), z.number().multipleOf(0.5), fine, ['type f integer → number']],
  [
    'two steps at once',
    z.number().multipleOf(4),
    z.number().multipleOf(2).multipleOf(3),
    ['limit f multipleOf 4 → multipleOf 2 and 3'],
    ['limit f multipleOf 4 → multipleOf 2 and 3'],
  ],
  [
    'values that do not keep the steps',
    z.literal([3, 4]),
    z.number().multipleOf(2),
    ['values f 3 | 4 → number'],
    ['type f 3 | 4 → number'],
  ],
  ['values above an exclusive limit', z.literal(5), z.number().gt(5), ['values f 5 → number'], ['type f 5 → number']],
  ['another default', z.int().default(1), z.int().default(2), ['default f 1 → 2'], ['default f 1 → 2']],
  [
    'another default before the rules',
    z.int().prefault(1),
    z.int().prefault(2),
    ['default f 1 → 2'],
    ['default f 1 → 2'],
  ],
  [
    'no default, but it may be left out',
    z.int().default(1),
    z.int().optional(),
    ['default f 1 → none'],
    ['optional f'],
  ],
  ['a default where it could be left out', z.int().optional(), z.int().default(1), fine, fine],
  [
    'another default inside of items',
    z.array(z.object({ g: z.string().default('a') })),
    z.array(z.object({ g: z.string().default('b') })),
    ['default f.g "a" → "b"'],
    ['default f.g "a" → "b"'],
  ],
  ['other flags', z.string().regex(/^a$/), z.string().regex(/^a$/i), ['text f ^a$ → /^a$/i'], ['text f ^a$ → /^a$/i']],
  ['the same flags', z.string().regex(/^\p{L}$/u), z.string().regex(/^\p{L}$/u), fine, fine],
  [
    'flags of one of two patterns',
    z.string().regex(/^a/).regex(/z$/),
    z.string().regex(/^a/).regex(/z$/s),
    ['text f ^a and z$ → ^a and /z$/s'],
    ['text f ^a and z$ → ^a and /z$/s'],
  ],
  ['a value that the flags allow', z.literal('A'), z.string().regex(/^a$/i), fine, ['type f "A" → string']],
  [
    'another pattern of the same format',
    z.email({ pattern: /^a@/ }),
    z.email({ pattern: /^b@/ }),
    ['text f email and ^a@ → email and ^b@'],
    ['text f email and ^a@ → email and ^b@'],
  ],
  [
    'another protocol',
    z.url({ protocol: /^https?$/ }),
    z.url({ protocol: /^https$/ }),
    ['text f uri and protocol /^https?$/ → uri and protocol /^https$/'],
    ['text f uri and protocol /^https?$/ → uri and protocol /^https$/'],
  ],
  ['a host', z.url(), z.url({ hostname: /^a\.example$/ }), ['text f uri → uri and hostname /^a\\.example$/'], fine],
  ['no format any more beside a pattern', z.url().regex(/^h/), z.string().regex(/^h/), fine, ['text f uri → ^h']],
  [
    'a pattern less beside a format',
    z.iso.datetime().regex(/^2/),
    z.iso.datetime(),
    fine,
    ['text f date-time and ^2 → date-time'],
  ],
  ['a beginning in other words', z.string().startsWith('a'), z.string().regex(/^a.*/), fine, fine],
  ['an algorithm', z.jwt(), z.jwt({ alg: 'ES256' }), ['text f jwt → jwt and algorithm ES256'], fine],
  [
    'a description',
    z.string(),
    z
      .string()
      .describe('What it is')
      .meta({ id: 'it', examples: ['a'] }),
    fine,
    fine,
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
  [
    'a named part of both of two',
    z.intersection(money.meta({ id: 'money' }), z.object({ x: z.string() })),
    z.intersection(money.omit({ currency: true }).meta({ id: 'money' }), z.object({ x: z.string() })),
    ['removed f.currency'],
    ['removed f.currency'],
  ],
  [
    'a part of both of two that contains itself',
    z.intersection(chain(z.string()), z.object({ x: z.string() })),
    z.intersection(chain(z.int()), z.object({ x: z.string() })),
    ['type f.leaf string → integer', 'type f.next.leaf string → integer', 'inside f.next.next'],
    ['type f.leaf string → integer', 'type f.next.leaf string → integer', 'inside f.next.next'],
  ],
  [
    'what both say of one field',
    z.intersection(z.object({ g: z.int().min(1) }), z.object({ g: z.int().min(3).max(9) })),
    z.object({ g: z.int().min(3) }),
    fine,
    ['limit f.g maximum 9 → maximum 9007199254740991'],
  ],
  [
    'a known field among the others',
    z.object({}).catchall(z.string()),
    z.object({ g: z.int().optional() }).catchall(z.string()),
    ['type f.g string → integer'],
    ['type f.g string → integer'],
  ],
  [
    'a field that is one of the others',
    z.object({ g: z.string() }),
    z.record(z.string(), z.string()),
    fine,
    ['optional f.g'],
  ],
  ['others where there were none', z.strictObject({}), z.object({}).catchall(z.string()), fine, ['strict f.*']],
  [
    'a field that the record does not have',
    z.strictObject({ g: z.string(), h: z.string() }),
    z.record(z.enum(['g']), z.string()),
    ['removed f.h'],
    ['optional f.h', 'strict f.*'],
  ],
  [
    'a list that is never as long',
    z.array(z.string()).max(1),
    z.tuple([z.string()], z.int()),
    ['limit f no minItems → minItems 1'],
    ['limit f maxItems 1 → no maxItems', 'type f string → integer'],
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

describe('a schema that contains itself', () => {
  const tree = (leaf: z.ZodType): z.ZodType => {
    const Tree = z.object({
      leaf,
      get branches() {
        return z.array(Tree);
      },
    });
    return Tree;
  };
  const nested = (leaf: z.ZodType) => {
    const Nested: z.ZodType = z.lazy(() => z.union([leaf, z.array(Nested)]));
    return Nested;
  };

  it.each([
    ['a tree', tree(z.string()), tree(z.string()), fine],
    ['another leaf', tree(z.string()), tree(z.int()), ['type leaf string → integer', 'inside branches']],
    ['a chain', chain(z.string()), chain(z.string()), fine],
    [
      'another chain',
      chain(z.string().max(5)),
      chain(z.string().max(3)),
      ['limit leaf maxLength 5 → maxLength 3', 'inside next'],
    ],
    ['a wider chain', chain(z.string().max(5)), chain(z.string()), fine],
    ['lists of lists', nested(z.string()), nested(z.string()), fine],
    ['other lists of lists', nested(z.string()), nested(z.int()), ['type - string | array → integer | array']],
    [
      'one that is taken apart once',
      z.object({ leaf: z.string(), next: chain(z.string()).optional() }),
      chain(z.string()),
      fine,
    ],
    ['one that becomes flat', chain(z.string()), z.object({ leaf: z.string() }), ['removed next']],
    ['free-form data', z.json(), z.union([z.json(), z.string()]), fine],
  ])('%s', (_, before, after, expected) => {
    expect(differences(before, after, 'in')).toEqual(expected);
  });

  it('is compared in all the places that it is in', () => {
    const two = (leaf: z.ZodType) => z.object({ a: chain(leaf), b: chain(leaf) });
    expect(differences(two(z.string()), two(z.int()), 'out')).toEqual([
      'type a.leaf string → integer',
      'inside a.next',
      'type b.leaf string → integer',
      'inside b.next',
    ]);
  });
});
