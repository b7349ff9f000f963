import { z } from 'zod';
import type { Direction } from './json.js';
import { bare, exampleOf, isAnyJson, mapped, options, PREFIX } from './json.js';

type Json = Record<string, unknown>;

/** What `z.json()` is called. */
const ANY_JSON = 'Json';

/** A schema that may become one of `components.schemas`. */
interface Entry {
  json: Json;
  /** Absent as long as nobody has said what to call it. */
  name?: string;
}

/** Stands for the key of an entry, in what Swagger copies about. */
export const MARK = 'x-schema';

/**
 * The schemas of one document: each is written once, below a name, and may contain itself. A schema has the name of its
 * `.meta({ id })`, of the export below a module's contracts, or of the operation that uses it; where what is sent differs from
 * what is answered (defaults), the former is called `…Input`.
 */
export class SchemaBook {
  readonly #entries = new Map<string, Entry>();
  /** Of those entries that {@link convert} was asked for. */
  readonly #schemas = new Map<string, z.core.$ZodType>();
  readonly #keys = new Map<z.core.$ZodType, Partial<Record<Direction, string>>>();
  readonly #names = new Map<z.core.$ZodType, string>();
  readonly #taken = new Set([ANY_JSON]);

  /** Calls a schema so, or `otherwise` when another one is called so already. A second name of the same schema is ignored. */
  name(schema: z.core.$ZodType, wanted: string, otherwise = wanted): void {
    if (this.#names.has(schema)) return;
    const given = z.globalRegistry.get(schema)?.id ?? wanted;
    this.#names.set(schema, this.#claim(this.#taken.has(given) ? otherwise : given));
  }

  /** JSON Schema as OpenAPI 3.1 has it, with {@link MARK}: to be told from others when the document is there. */
  convert(schema: z.core.$ZodType, direction: Direction): Json {
    const key = this.#key(schema, direction);
    this.#schemas.set(key, schema);
    if (!this.#entries.has(key)) this.#write(schema, direction, key);
    return { ...this.#entries.get(key)!.json, [MARK]: key };
  }

  /** A reference to what {@link convert} has marked. @param name what to call it, unless it has a name */
  refer(key: string, name: string): { schema: Json; example?: unknown } {
    const entry = this.#entries.get(key)!;
    entry.name ??= this.#claim(name);
    const example = exampleOf(this.#schemas.get(key)!);
    return { schema: { $ref: PREFIX + key }, ...(example !== undefined && { example }) };
  }

  /** The schema of a parameter: a reference if it has a name. */
  parameter({ [MARK]: key, ...schema }: Json): Json {
    return this.#entries.get(String(key))?.name === undefined ? schema : { $ref: PREFIX + String(key) };
  }

  /** Gives references their final form, and the schemas that are referred to, by name. */
  finish<T>(document: T): { document: T; schemas: Record<string, Json> } {
    const used = new Map<string, Json>();
    const rewritten = (value: unknown): unknown =>
      mapped(value, (key) => {
        const name = this.#finalName(key);
        if (!used.has(name)) {
          used.set(name, {});
          used.set(name, rewritten(this.#entries.get(key)!.json) as Json);
        }
        return PREFIX + name;
      });
    const result = rewritten(document) as T;
    return { document: result, schemas: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))) };
  }

  #finalName(key: string): string {
    const { name } = this.#entries.get(key)!;
    if (name !== undefined) return name;
    const [owner, part] = key.split('.part');
    return `${this.#finalName(owner!)}Part${part}`;
  }

  #write(schema: z.core.$ZodType, io: Direction, key: string): void {
    const entry: Entry = { json: {}, ...(this.#names.has(schema) && { name: key }) };
    this.#entries.set(key, entry);
    const metadata = { get: (each: z.core.$ZodType) => this.#metaOf(each, io, schema), has: () => true };
    const { $defs = {} } = z.toJSONSchema(schema, { ...options(io), metadata: metadata as never });
    const keyOf = (id: string) => {
      if (id !== key && isAnyJson($defs[id]!, id)) return ANY_JSON;
      return id.startsWith('__schema') ? id.replace('__schema', `${key}.part`) : id;
    };
    for (const [id, json] of Object.entries($defs)) {
      const own = isAnyJson(json, id) ? { description: 'Any JSON value' } : (mapped(json, keyOf, '#/$defs/') as Json);
      if (id === key) entry.json = own;
      else if (!this.#entries.has(keyOf(id)))
        this.#entries.set(keyOf(id), { json: own, ...(!keyOf(id).includes('.part') && { name: keyOf(id) }) });
    }
  }

  /** Of a schema inside of `root`: what has an id is written apart. */
  #metaOf(schema: z.core.$ZodType, io: Direction, root: z.core.$ZodType): object {
    const { id, ...meta } = z.globalRegistry.get(schema) ?? {};
    if (id !== undefined) this.name(schema, id);
    const apart = schema === root || this.#names.has(schema);
    return { ...meta, ...(apart && { id: this.#key(schema, io) }) };
  }

  #key(schema: z.core.$ZodType, io: Direction): string {
    const id = z.globalRegistry.get(schema)?.id;
    if (id !== undefined) this.name(schema, id);
    const keys = this.#keys.get(schema) ?? {};
    this.#keys.set(schema, keys);
    return (keys[io] ??= this.#newKey(schema, io));
  }

  #newKey(schema: z.core.$ZodType, io: Direction): string {
    const name = this.#names.get(schema);
    if (name === undefined) return `unnamed-${this.#keys.size}-${io}`;
    const differs = JSON.stringify(bare(schema, 'input')) !== JSON.stringify(bare(schema, 'output'));
    return io === 'input' && differs ? this.#claim(`${name}Input`) : name;
  }

  #claim(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#taken.has(name); n++) name = `${wanted}${n}`;
    this.#taken.add(name);
    return name;
  }
}
