import type { CurrentMessage } from './describe.js';
import type { JsonSchema } from './schema.js';
import { branchesOf } from './branches.js';

/** One message of each version that was ever published, as an outbox may still hold it: `contracts.samples.json`. */
export type Samples = Readonly<Record<string, unknown>>;

type Messages = ReadonlyMap<string, CurrentMessage>;

/** The messages that have no sample yet. */
export const unsampled = (samples: Samples, messages: Messages) =>
  [...messages.keys()].filter((name) => !(name in samples));

/**
 * Reads every sample with the class of today. Pure.
 *
 * @returns for each message that cannot be read what is wrong with it
 */
export function unreadable(samples: Samples, messages: Messages): Map<string, string> {
  const problems = Object.entries(samples).map(([name, sample]) => {
    const type = messages.get(name)?.type;
    return [name, type ? parseProblem(() => new type(sample as never)) : GONE] as const;
  });
  return new Map(problems.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const GONE = 'is not published any more: remove its sample when no outbox holds such a message';

function parseProblem(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return `its stored sample cannot be read any more: ${(error as Error).message}`;
  }
}

/**
 * Makes up a sample of a message, the same one each time.
 * @returns `undefined` when the schema has rules that nobody can guess
 */
export function inventSample({ reads, type }: CurrentMessage): object | undefined {
  try {
    return new type(invent(reads, reads) as never);
  } catch {
    return undefined;
  }
}

function invent(schema: JsonSchema, root: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  const [branch] = branchesOf(schema, root);
  if (!branch) return undefined;
  const { type, literal, patterns, schema: rules } = branch;
  if (literal) return literal.value;
  if (type === 'string') return inventText(rules, patterns);
  if (type === 'integer' || type === 'number') return inventNumber(rules);
  if (type === 'array') return inventItems(rules, root);
  if (type === 'object') return inventObject(rules, root);
  return type === 'boolean' ? true : null;
}

function inventObject({ properties = {}, required = [], additionalProperties }: JsonSchema, root: JsonSchema): object {
  const others = typeof additionalProperties === 'object' ? additionalProperties : {};
  const names = new Set([...Object.keys(properties), ...required]);
  const entries = [...names].map((name) => [name, invent(properties[name] ?? others, root)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function inventItems(
  { prefixItems = [], items, minItems = 0, maxItems = Infinity }: JsonSchema,
  root: JsonSchema,
): unknown[] {
  const places = prefixItems.map((item) => invent(item, root));
  const more = Math.min(Math.max(minItems, 1), maxItems) - places.length;
  const item = typeof items === 'object' ? items : {};
  return [...places, ...Array.from({ length: items === false ? 0 : Math.max(0, more) }, () => invent(item, root))];
}

function inventNumber({ minimum, exclusiveMinimum, maximum = Infinity, multipleOf = 1 }: JsonSchema): number {
  const least = minimum ?? (exclusiveMinimum === undefined ? 1 : exclusiveMinimum + multipleOf);
  return Math.min(Math.ceil(Math.max(least, 1) / multipleOf) * multipleOf, maximum);
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: '11111111-1111-4111-8111-111111111111',
  'date-time': '2020-01-02T03:04:05Z',
  date: '2020-01-02',
  time: '03:04:05',
  duration: 'PT1H',
  email: 'somebody@example.org',
  uri: 'https://example.org/',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  base64: 'AAAA',
};

/** For everyday patterns; what fits none of them is left to a person. */
const GUESSES = [
  'a',
  'A',
  '1',
  'aa',
  'AA',
  '11',
  'EUR',
  'aaa',
  '111',
  'a1',
  'A1',
  'a-1',
  'a_1',
  'a.b',
  '0000',
  'en-GB',
  '1.0.0',
  '+4912345678',
];

function inventText({ format, minLength = 0, maxLength = Infinity }: JsonSchema, patterns: readonly RegExp[]): string {
  const known = FORMATS[format ?? ''];
  if (known !== undefined) return known;
  const long = GUESSES.map((guess) => guess.padEnd(minLength, 'a').slice(0, maxLength));
  return long.find((guess) => patterns.every((pattern) => pattern.test(guess))) ?? long[0]!;
}
