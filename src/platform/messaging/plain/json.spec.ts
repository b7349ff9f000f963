import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { toJsonSchema } from '../../../tools/contracts/describe.js';
import { defineCommand, defineEvent, defineQuery } from '../define.js';
import { examplesOf } from './examples.js';

const define = (field: z.ZodType) => defineCommand('naming.rename.v1', { payload: z.object({ field }) });

const text = z.string();
const Json: z.ZodType = z.lazy(() => z.union([text, z.array(Json)]));
const Tree = z.object({
  leaf: text,
  get branches() {
    return z.array(Tree);
  },
});
enum Mood {
  Good,
  Bad,
}

/** Everything of zod that a message may have. */
const PLAIN: readonly [string, z.ZodType][] = [
  ['text', text],
  ['text of some length', text.min(1).max(9)],
  ['text of one length', text.length(3)],
  ['text with a pattern', text.regex(/^[a-z]$/)],
  ['text with a pattern that has flags', text.regex(/^\p{L}$/iu)],
  ['text with a beginning, a middle and an end', text.startsWith('a').includes('b').endsWith('c')],
  ['small letters', text.lowercase()],
  ['capital letters', text.uppercase()],
  ...Object.entries({
    uuid: z.uuid(),
    'uuid v7': z.uuidv7(),
    guid: z.guid(),
    email: z.email(),
    'email with a pattern': z.email({ pattern: z.regexes.html5Email }),
    url: z.url(),
    'url with a host and a protocol': z.url({ protocol: /^https$/, hostname: /^example\.org$/ }),
    'http url': z.httpUrl(),
    hostname: z.hostname(),
    emoji: z.emoji(),
    nanoid: z.nanoid(),
    cuid: z.cuid(),
    cuid2: z.cuid2(),
    ulid: z.ulid(),
    xid: z.xid(),
    ksuid: z.ksuid(),
    ipv4: z.ipv4(),
    ipv6: z.ipv6(),
    mac: z.mac(),
    cidrv4: z.cidrv4(),
    cidrv6: z.cidrv6(),
    base64: z.base64(),
    base64url: z.base64url(),
    e164: z.e164(),
    jwt: z.jwt(),
    'jwt with an algorithm': z.jwt({ alg: 'ES256' }),
    datetime: z.iso.datetime(),
    'datetime with an offset': z.iso.datetime({ offset: true, precision: 3 }),
    'local datetime': z.iso.datetime({ local: true }),
    date: z.iso.date(),
    time: z.iso.time(),
    duration: z.iso.duration(),
    hex: z.hex(),
    'a format of a pattern': z.stringFormat('sku', /^[A-Z]{3}$/),
    'credit card': z.creditCard(),
    iban: z.iban(),
  }),
  ['a number', z.number()],
  ['a whole number', z.int()],
  ['int32', z.int32()],
  ['uint32', z.uint32()],
  ['float32', z.float32()],
  ['float64', z.float64()],
  ['a number with limits', z.number().gt(1).lte(9).multipleOf(0.5)],
  ['true or false', z.boolean()],
  ['null', z.null()],
  ['a value', z.literal(['a', 1, true, null])],
  ['one of several', z.enum(['a', 'b'])],
  ['one of an enum', z.enum(Mood)],
  ['text with a value in it', z.templateLiteral(['order-', z.int(), '-', z.enum(['a', 'b'])])],
  ['a list', z.array(z.int()).min(1).max(3)],
  ['a tuple', z.tuple([text, z.int()], z.boolean())],
  ['an object', z.object({ a: text })],
  ['a strict object', z.strictObject({ a: text })],
  ['further fields', z.object({}).catchall(z.int())],
  ['a record', z.record(text, z.int())],
  ['a record of some names', z.record(z.enum(['a', 'b']), z.int())],
  ['a record of names that are numbers', z.record(z.literal([1, 2]), z.int())],
  ['a record of few names', z.partialRecord(z.enum(['a', 'b']), z.int())],
  ['one of two kinds', z.union([text, z.int()])],
  ['one of two shapes', z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })])],
  ['both of two shapes', z.intersection(z.object({ a: text }), z.object({ b: z.int() }))],
  ['optional', text.optional()],
  ['one of two or nothing', z.union([text.optional(), z.int()])],
  ['optional but not undefined', z.exactOptional(text)],
  ['not optional after all', text.optional().nonoptional()],
  ['nullable', text.nullable()],
  ['a default', text.default('x')],
  ['a default before the rules', text.prefault('x')],
  ['readonly', z.array(text).readonly()],
  ['branded', text.brand<'Sku'>()],
  ['described', text.describe('What it is').meta({ id: 'described' })],
  ['what contains itself', Tree],
  ['what contains itself by z.lazy', Json],
  ['free-form data', z.json()],
  ['never there', z.never().optional()],
];

describe('a message may have', () => {
  it.each(PLAIN)('%s', (_, field) => {
    expect(() => define(field)).not.toThrow();
  });

  it('nothing of which the snapshot or the examples know nothing', () => {
    for (const [name, field] of PLAIN) {
      const payload = z.object({ field });
      expect([name, Object.keys(toJsonSchema(payload, 'input').properties ?? {})]).toEqual([name, ['field']]);
      expect([name, examplesOf(payload).some((example) => payload.safeParse(example).success)]).toEqual([name, true]);
    }
  });
});

const DATE = /field is a Date: say z\.iso\.datetime\(\)/;
const OWN_RULE = /field has a rule of its own, which no snapshot can hold: check it in the handler/;
const CHANGES = /field changes what it is given \(.*\): do that before you make the message/;
const CONVERTS = /field converts what it is given \(z\.coerce\)/;
const BECOMES = /field becomes another value when it is read: say what is sent, and convert it where it is used/;
const UNDEFINED = /may be undefined, which JSON has in fields only: say \.nullable\(\)/;
const ANYTHING = /field accepts anything: say z\.json\(\)/;
const PART = /is a part of an intersection.*: say one object/;

describe('a message may not have', () => {
  it.each<[string, () => z.ZodType, RegExp]>([
    ['a Date', () => z.date(), DATE],
    ['a Date in a list in a record', () => z.record(text, z.array(z.date())), /field\.\*\.\[\] is a Date/],
    ['a Date behind a reference', () => z.lazy(() => z.date()), DATE],
    ['a bigint', () => z.bigint(), /field is a bigint: say z\.int\(\), or text of digits/],
    ['int64', () => z.int64(), /field is a bigint/],
    ['uint64', () => z.uint64(), /field is a bigint/],
    ['a Map', () => z.map(text, text), /field is a Map: say z\.record\(\)/],
    ['a Set', () => z.set(text), /field is a Set: say z\.array\(\)/],
    ['a symbol', () => z.symbol(), /field is a symbol: say it with text, numbers, objects and lists/],
    ['undefined', () => z.undefined(), /field is undefined, which JSON leaves out/],
    ['void', () => z.void(), /field is undefined/],
    ['NaN', () => z.nan(), /field is a nan/],
    ['a file', () => z.file(), /field is a file/],
    ['a promise', () => z.promise(text), /field is a promise/],
    ['a function', () => z.function(), /field is a function/],
    ['whether something fits', () => z.success(text), /field is a success/],
    ['an instance of a class', () => z.instanceof(URL), OWN_RULE],
    ['a kind of its own', () => z.custom<string>(), OWN_RULE],
    ['anything', () => z.any(), ANYTHING],
    ['unknown', () => z.unknown(), ANYTHING],
    ['unknown further fields', () => z.looseObject({}), /field\.\* accepts anything/],
    ['unknown further names', () => z.looseRecord(text.regex(/^a/), text), /field accepts anything under other names/],
    ['numbers for names', () => z.record(z.number(), text), /field has numbers for names/],
    ['a rule of its own', () => text.refine((value) => value !== 'x'), OWN_RULE],
    ['several rules of its own', () => text.superRefine(() => undefined), OWN_RULE],
    ['a check', () => text.check(() => undefined), OWN_RULE],
    ['a rule for a property', () => text.check(z.property('length', z.int().min(3))), OWN_RULE],
    [
      'a rule of its own inside',
      () => z.object({ a: z.array(text.refine(Boolean)) }),
      /field\.a\.\[\] has a rule of its own/,
    ],
    ['a format of its own', () => z.stringFormat('even', (value) => value.length % 2 === 0), OWN_RULE],
    ['two formats', () => text.email().url(), /field has two formats/],
    ['a pattern with a memory', () => text.regex(/a/g), /field has the pattern \/a\/g: the flags g and y/],
    ['a pattern that sticks', () => text.regex(/a/y), /field has the pattern \/a\/y/],
    ['text without its ends', () => text.trim(), CHANGES],
    ['text in small letters', () => text.toLowerCase(), CHANGES],
    ['text made normal', () => text.normalize(), CHANGES],
    ['a value of its own', () => z.number().overwrite(Math.round), CHANGES],
    ['a URL made normal', () => z.url({ normalize: true }), /field changes what it is given/],
    ['coerced text', () => z.coerce.string(), CONVERTS],
    ['a coerced number', () => z.coerce.number(), CONVERTS],
    ['a coerced boolean', () => z.coerce.boolean(), CONVERTS],
    ['a transform', () => text.transform(Number), BECOMES],
    ['a preprocessor', () => z.preprocess(String, text), BECOMES],
    ['a pipe', () => text.pipe(text.min(3)), BECOMES],
    ['a string boolean', () => z.stringbool(), BECOMES],
    ['a codec', () => z.codec(text, z.number(), { decode: Number, encode: String }), BECOMES],
    ['a catch', () => text.catch('x'), /field hides what is wrong by \.catch\(\)/],
    ['exactly one of two', () => z.xor([text, z.int()]), /field takes exactly one of several \(z\.xor\)/],
    ['an undefined value', () => z.literal([undefined, 'a']), /field has the value undefined/],
    ['a value that is no number', () => z.literal(Infinity), /field has the value Infinity, which JSON does not/],
    ['a big value', () => z.literal(1n), /field has the value 1, which JSON does not/],
    ['no limit', () => z.number().max(Infinity), /field has the limit Infinity, which JSON does not: leave it out/],
    ['undefined in a list', () => z.array(text.optional()), UNDEFINED],
    ['undefined in a tuple', () => z.tuple([text, text.optional()]), UNDEFINED],
    ['undefined in a record', () => z.record(text, text.optional()), UNDEFINED],
    [
      'a default that does not fit',
      () => text.min(3).default('x'),
      /field has the default "x", which it does not take itself/,
    ],
    [
      'a default of each moment',
      () => z.number().default(() => Math.random()),
      /field has another default each time \(0\./,
    ],
    ['a record in an intersection', () => z.intersection(z.object({ a: text }), z.record(text, text)), PART],
    [
      'further fields in an intersection',
      () => z.intersection(z.object({ a: text }).catchall(text), z.object({})),
      PART,
    ],
    [
      'two defaults for one field',
      () => z.intersection(z.object({ a: text.default('x') }), z.object({ a: text.default('y') })),
      /cannot be read: Unmergable intersection/,
    ],
  ])('%s', (_, field, message) => {
    const made = field();
    expect(() => define(made)).toThrow(message);
    expect(() => define(made)).toThrow(/^naming\.rename\.v1: its payload is not plain JSON: /);
  });

  it('any of that in a result or the details of an error', () => {
    const payload = z.object({ id: text });
    expect(() => defineQuery('naming.get.v1', { payload, result: z.date() })).toThrow(
      'naming.get.v1: its result is not plain JSON: it is a Date: say z.iso.datetime()',
    );
    expect(() => defineQuery('naming.get.v1', { payload, result: text.optional() })).toThrow(/it may be undefined/);
    const errors = { late: z.object({ at: z.date() }) };
    expect(() => defineCommand('naming.set.v1', { payload, errors })).toThrow(
      /error late is not plain JSON: at is a Date/,
    );
  });

  it('a name that JSON does not carry', () => {
    const payload = z.object({ id: text, ['__proto__']: text });
    expect(() => defineEvent('naming.renamed.v1', { payload, key: 'id' })).toThrow(/name that JSON cannot carry/);
  });
});

it('a message is read again of its own JSON, whatever was left out of it', () => {
  for (const [name, field] of PLAIN) {
    const Thing = define(field);
    for (const example of examplesOf(Thing.definition.payload)) {
      const made = new Thing(example as never);
      expect([name, new Thing(JSON.parse(JSON.stringify(made)) as never)]).toEqual([name, made]);
    }
  }
});
