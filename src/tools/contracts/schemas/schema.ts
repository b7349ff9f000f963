/**
 * The part of JSON Schema that a snapshot has, and what JSON Schema has no word for: `flags`, `hostname`, `protocol` and
 * `algorithm`. @see https://json-schema.org/draft/2020-12
 */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: boolean | JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly pattern?: string;
  /** Of `pattern`, where it has any. */
  readonly flags?: string;
  /** What the host of a URL has to match. */
  readonly hostname?: string;
  /** What the protocol of a URL has to match. */
  readonly protocol?: string;
  /** The one that a JWT has to be signed with. */
  readonly algorithm?: string;
}

/** A schema, and the document that its references point into. */
export interface Side {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

/** @throws Error when the document does not have what is referred to: it was edited by hand */
export function resolve(ref: string, root: JsonSchema): JsonSchema {
  const name = ref.replace('#/$defs/', '').replaceAll('~1', '/').replaceAll('~0', '~');
  const found = ref === '#' ? root : root.$defs?.[name];
  if (!found) throw new Error(`The schema refers to ${ref}, which it does not have.`);
  return found;
}

/** Equal for equal schemas of one document. */
export const keyOf = (schema: JsonSchema) => JSON.stringify(schema);

/**
 * What fits both of two schemas. Each part is there once, and in one order: what a recursive schema is made of comes
 * round again, so that a comparison of it ends.
 */
export function both(a: JsonSchema | undefined, b: JsonSchema | undefined): JsonSchema {
  const parts = [a, b].flatMap((schema) => (schema ? partsOf(schema) : []));
  const unique = new Map(parts.map((part) => [keyOf(part), part]));
  const sorted = [...unique].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, part]) => part);
  return sorted.length === 1 ? sorted[0]! : { allOf: sorted };
}

const partsOf = (schema: JsonSchema) => (schema.allOf && Object.keys(schema).length === 1 ? schema.allOf : [schema]);

/** `undefined` where an object does not say what further fields hold. */
export const furtherFields = ({ additionalProperties }: JsonSchema) =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined;

/** What an object says of a field, by its name or for all further ones. */
export function fieldOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties = {} } = schema;
  return Object.hasOwn(properties, name) ? properties[name] : furtherFields(schema);
}

/** What an array holds at a place. */
export function itemOf({ prefixItems, items }: JsonSchema, index: number): JsonSchema {
  return prefixItems?.[index] ?? (items === false ? { not: {} } : typeof items === 'object' ? items : {});
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
