import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { examplesOf } from '../../messaging/plain/examples.js';

/** What is sent, or what is answered. */
export type Direction = 'input' | 'output';

export const PREFIX = '#/components/schemas/';

/** An answer may get more fields one day, unless its schema is strict. */
export const options = (io: Direction) =>
  ({
    io,
    unrepresentable: 'any',
    override: ({
      zodSchema,
      jsonSchema,
    }: {
      zodSchema: z.core.$ZodTypes;
      jsonSchema: z.core.JSONSchema.BaseSchema;
    }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties;
    },
  }) as const;

/** @param target the draft of JSON Schema */
export const bare = (schema: z.core.$ZodType, io: Direction, target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12') =>
  z.toJSONSchema(schema, { ...options(io), target, metadata: z.registry<z.core.GlobalMeta>() });

/** What its author gives as an example, else one made up. */
export function exampleOf(schema: z.core.$ZodType): unknown {
  const given = (z.globalRegistry.get(schema)?.examples ?? []) as unknown[];
  return [...given, ...examplesOf(schema)].find((example) => z.safeParse(schema, example).success);
}

/** A copy of JSON with other references: those that begin with `prefix`. */
export function mapped(value: unknown, change: (key: string) => string, prefix = PREFIX): unknown {
  if (Array.isArray(value)) return value.map((each) => mapped(each, change, prefix));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => {
    const refers = name === '$ref' && typeof inner === 'string' && inner.startsWith(prefix);
    if (!refers) return [name, mapped(inner, change, prefix)] as const;
    const key = change(inner.slice(prefix.length));
    return [name, key.startsWith(PREFIX) ? key : PREFIX + key] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether this is what zod says of `z.json()`. A union that contains itself is more than some generators can read. */
export function isAnyJson(json: z.core.JSONSchema.BaseSchema, id: string): boolean {
  const self = { $ref: `#/$defs/${id}` };
  const simple = ['string', 'number', 'boolean', 'null'].map((type) => ({ type }));
  const record = { type: 'object', propertyNames: { type: 'string' }, additionalProperties: self };
  return isDeepStrictEqual(json.anyOf, [...simple, { type: 'array', items: self }, record]);
}
