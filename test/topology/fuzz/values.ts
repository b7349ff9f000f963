/** As much of JSON Schema as an OpenAPI document of ours has. */
export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
}

export type Random = () => number;

export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

/** What has broken other servers, of whatever type. */
const HOSTILE: readonly unknown[] = [
  [null, true, false, 0, -1, 0.5, 1e308, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 63), '', ' ', '\0', 'a\0b', '\ud800'],
  ['ä', '💥', '\u202e', 'İ', '../../etc/passwd', `'; DROP TABLE orders; --`, '%s%n', '${x}', '{{x}}', '<script>'],
  ['NaN', '-0', '1e999', '0x10', 'null', 'undefined', '__proto__', 'constructor', 'x'.repeat(5000)],
  ['9'.repeat(400), '2026-02-30T25:61:61Z', `2026-01-01T00:00:00.${'9'.repeat(130)}Z`, '=', '&', 'a,b', '\r\n', '\\'],
  ['00000000-0000-0000-0000-000000000000', 'eyJhIjoxfQ', Buffer.from('[]').toString('base64url')],
  [[], {}, [null], [[]], nested(90), nested(2000), { length: 1e9 }, { toString: 1 }, { toJSON: null }],
  ['{"__proto__":1}', '{"then":1}', '{"constructor":{"prototype":{"a":1}}}', '{"a":{"__proto__":[]}}'].map((x) =>
    JSON.parse(x),
  ),
].flat();

export const hostile = (random: Random): unknown => pick(random, HOSTILE);

/** Makes values for the schemas of one document. */
export class Values {
  /**
   * @param schemas of the document, by their names
   * @param known values of the fields and parameters of these names
   */
  constructor(
    private readonly schemas: Readonly<Record<string, Schema>>,
    private readonly known: Readonly<Record<string, readonly string[]>>,
    private readonly random: Random,
  ) {}

  /** @param spice from 0, where everything fits, to 1, where nothing is meant to */
  of(schema: Schema, name: string, spice: number): unknown {
    const { random } = this;
    if (random() < spice) return random() < 0.5 ? hostile(random) : this.#beyond(schema);
    const { $ref, anyOf, oneOf } = schema;
    if ($ref !== undefined) return this.of(this.schemas[$ref.split('/').at(-1)!] ?? {}, name, spice);
    if (anyOf ?? oneOf) return this.of(pick(random, (anyOf ?? oneOf)!), name, spice);
    if (schema.const !== undefined || schema.enum) return pick(random, schema.enum ?? [schema.const]);
    if (schema.type === 'object') return this.#object(schema, spice);
    if (schema.type === 'array') return this.#array(schema, name, spice);
    if (schema.type === 'string') return this.#string(schema, name);
    return schema.type === 'boolean' ? random() < 0.5 : this.#number(schema);
  }

  #object({ properties = {}, required = [] }: Schema, spice: number): object {
    const { random } = this;
    const taken = Object.entries(properties).filter(([name]) =>
      required.includes(name) ? random() >= spice / 2 : random() < 0.5,
    );
    const fields = taken.map(([name, schema]) => [name, this.of(schema, name, spice)] as const);
    const more = random() < spice ? [[pick(random, ['a', 'id', 'toString', '']), hostile(random)]] : [];
    return Object.fromEntries([...fields, ...more]) as object;
  }

  #array({ items = {}, minItems = 0, maxItems = 5 }: Schema, name: string, spice: number): unknown[] {
    const { random } = this;
    const length = random() < 0.9 ? Math.max(minItems, 1) : pick(random, [minItems, Math.min(maxItems, minItems + 3)]);
    return Array.from({ length }, () => this.of(items, name, spice));
  }

  #string({ pattern, minLength = 0, maxLength = 200 }: Schema, name: string): string {
    const text = pattern === undefined ? /^/ : new RegExp(pattern, 'u');
    const own = [`f${Math.floor(this.random() * 1e9)}`, 'EUR', 'a'.repeat(maxLength), 'a'.repeat(minLength), 'wait=1'];
    const fits = (each: string) => text.test(each) && each.length >= minLength && each.length <= maxLength;
    const known = (this.random() < 0.8 ? (this.known[name] ?? []) : []).filter(fits);
    return pick(this.random, known.length > 0 ? known : own.filter(fits)) ?? '';
  }

  #number({ minimum = -1000, maximum = 1000 }: Schema): number {
    return pick(this.random, [minimum, maximum, minimum + 1, Math.round((minimum + maximum) / 2)]);
  }

  /** Just outside of what the schema allows. */
  #beyond({ maxLength, minLength, maximum, minimum, maxItems, items }: Schema): unknown {
    return pick(this.random, [
      'x'.repeat((maxLength ?? 64) + 1),
      'x'.repeat(Math.max(0, (minLength ?? 0) - 1)),
      (maximum ?? 0) + 1,
      (minimum ?? 0) - 1,
      Array.from({ length: (maxItems ?? 100) + 1 }, () => (items ? this.of(items, '', 0) : 'x')),
    ]);
  }
}
