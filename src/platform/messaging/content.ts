import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { definitionOf } from './define.js';

/**
 * What a message says beyond the defaults of its schema, with its fields in the order of the schema. A version that has
 * more defaults, or other ones, gets the same of the same input, also where a former version has filled in its own.
 */
export function withoutDefaults(message: object): unknown {
  return essence(definitionOf(message)!.payload, message);
}

/** A hash of {@link withoutDefaults} that does not depend on the order of fields. */
export function contentHash(message: object): string {
  return hashOf(sorted(withoutDefaults(message)));
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}

function essence(schema: $ZodType | undefined, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const type = schema && unwrapped(schema, value);
  if (Array.isArray(value)) return value.map((item, index) => essence(type && itemOf(type, index), item));
  const fields = Object.entries(value).map(([name, field]) => {
    const its = type && fieldOf(type, name);
    return [name, its, essence(its, field)] as const;
  });
  return Object.fromEntries(
    fields.filter(([, its, field]) => !isDefault(its, field)).map(([name, , field]) => [name, field]),
  );
}

/** Whether leaving the field out says the same. */
function isDefault(schema: $ZodType | undefined, field: unknown): boolean {
  if (schema?._zod.optin === undefined) return false;
  const absent = z.safeParse(schema, undefined);
  if (!absent.success || absent.data === undefined) return false;
  return JSON.stringify(sorted(essence(schema, absent.data))) === JSON.stringify(sorted(field));
}

const definition = (schema: $ZodType) => (schema as $ZodTypes)._zod.def;

/** The schema of objects, arrays or plain values that describes this value. */
function unwrapped(schema: $ZodType, value: unknown): $ZodType {
  const def = definition(schema);
  if ('innerType' in def) return unwrapped(def.innerType, value);
  if (def.type === 'lazy') return unwrapped(def.getter(), value);
  if (def.type === 'pipe') return unwrapped(def.out, value);
  if (def.type !== 'union') return schema;
  const fitting = def.options.find((option) => z.safeParse(option, value).success);
  return fitting ? unwrapped(fitting, value) : schema;
}

function itemOf(schema: $ZodType, index: number): $ZodType | undefined {
  const def = definition(schema);
  if (def.type === 'array') return def.element;
  return def.type === 'tuple' ? (def.items[index] ?? def.rest ?? undefined) : undefined;
}

function fieldOf(schema: $ZodType, name: string): $ZodType | undefined {
  const def = definition(schema);
  if (def.type === 'object') return def.shape[name] ?? def.catchall;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'intersection') return fieldOf(def.left, name) ?? fieldOf(def.right, name);
  return undefined;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}
