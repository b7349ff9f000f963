/** The part of JSON Schema that zod writes. @see https://json-schema.org/draft/2020-12 */
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
}

/** One kind of value that a schema allows: a single value, or all of one type that keep its rules. */
export interface Branch {
  /** `any` where the schema says nothing. */
  readonly type: string;
  readonly schema: JsonSchema;
  /** Set when the schema allows this value only. */
  readonly literal?: { readonly value: unknown };
  /** Every regular expression that text has to match. */
  readonly patterns: readonly string[];
}

/**
 * Takes unions, enums and references apart.
 *
 * @param root the document that `$ref` points into
 * @returns what the schema allows, each kind by itself; empty for a schema that allows nothing
 */
export function branchesOf(schema: JsonSchema, root: JsonSchema): Branch[] {
  const { $ref, allOf, anyOf, oneOf, not, ...rest } = schema;
  if ($ref !== undefined) return branchesOf({ ...resolve($ref, root), ...rest }, root);
  if (not && Object.keys(not).length === 0) return [];
  const patterns = [rest, ...(allOf ?? [])].flatMap(({ pattern }) => pattern ?? []);
  const union = anyOf ?? oneOf;
  if (union) return union.flatMap((option) => branchesOf({ ...rest, ...option }, root));
  const base = allOf ? merged([rest, ...allOf]) : rest;
  const values = 'const' in base ? [base.const] : base.enum;
  if (values) return values.map((value) => ({ type: typeOf(value), schema: base, literal: { value }, patterns: [] }));
  const types = typeof base.type === 'string' ? [base.type] : (base.type ?? ['any']);
  return types.map((type) => ({ type, schema: base, patterns }));
}

function resolve(ref: string, root: JsonSchema): JsonSchema {
  const found = ref === '#' ? root : root.$defs?.[ref.replace('#/$defs/', '')];
  if (!found) throw new Error(`The schema refers to ${ref}, which it does not have.`);
  return found;
}

/** All of several schemas; objects have the fields of each. */
function merged(parts: readonly JsonSchema[]): JsonSchema {
  return parts.reduce((whole, part) => ({
    ...whole,
    ...part,
    properties: { ...whole.properties, ...part.properties },
    required: [...(whole.required ?? []), ...(part.required ?? [])],
  }));
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
