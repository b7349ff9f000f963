import { z } from 'zod';
import type { BoundedContextOptions, Context } from '../../platform/bounded-context.js';
import type { MessageClass, MessageDefinition } from '../../platform/messaging/define.js';
import { definitionOf } from '../../platform/messaging/define.js';
import type { PersonalData } from '../../platform/messaging/plain/personal.js';
import type { TextCheck } from '../../platform/messaging/plain/checks.js';
import { namedFormats, textChecks } from '../../platform/messaging/plain/checks.js';
import type { JsonSchema } from './schemas/schema.js';

/** What others may rely on of a message. */
export interface MessageContract {
  readonly kind: MessageDefinition['kind'];
  readonly key?: string;
  /** Of a command or query what may be sent, of an event what is published. */
  readonly payload: JsonSchema;
  readonly result?: JsonSchema;
  readonly errors?: Readonly<Record<string, JsonSchema>>;
  /** What an erasure replaces in stored messages. Nobody who sends or reads them depends on it. */
  readonly personal?: PersonalData;
  /** In a snapshot only: it may change freely, for nobody has released it. */
  readonly draft?: true;
  /** In a snapshot only: the repositories that took it over. That releases it, and each counts as a consumer. */
  readonly pulledBy?: readonly string[];
}

/** The content of a module's `contracts.snapshot.json`: by wire name. */
export type Snapshot = Readonly<Record<string, MessageContract>>;

/** A message as the code defines it now. */
export interface CurrentMessage {
  readonly contract: MessageContract;
  readonly type: MessageClass;
  /** What can be read back: what an outbox has kept has to fit this. */
  readonly reads: JsonSchema;
}

export type ContextContracts = Pick<BoundedContextOptions, 'name' | 'contracts'> & {
  readonly providers?: BoundedContextOptions['providers'];
  readonly config?: BoundedContextOptions['config'];
  readonly elsewhere?: Context['elsewhere'];
};

/** The messages that a module publishes, by wire name in alphabetical order; not those that it hands on. */
export const messagesOf = (context: ContextContracts) => describeAll(publishedBy(context));

export const publishedBy = ({ name, contracts }: ContextContracts): readonly unknown[] =>
  Object.values(contracts).filter((value) => typeof value === 'function' && definitionOf(value)?.module === name);

/** Describes the message classes among some values, by wire name in alphabetical order. */
export function describeAll(values: readonly unknown[]): Map<string, CurrentMessage> {
  const types = values.filter((value) => typeof value === 'function' && definitionOf(value)) as MessageClass[];
  const messages = types.map((type) => [type.definition.name, describe(type)] as const);
  return new Map(messages.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const snapshotOf = (context: ContextContracts): Snapshot =>
  Object.fromEntries([...messagesOf(context)].map(([name, { contract }]) => [name, contract]));

function describe(type: MessageClass): CurrentMessage {
  const { kind, key, payload, result, errors, personal } = type.definition;
  const details = Object.entries(errors).map(([code, schema]) => [code, toJsonSchema(schema, 'output')]);
  const contract = {
    kind,
    ...(key && { key }),
    payload: toJsonSchema(payload, kind === 'event' ? 'output' : 'input'),
    ...(result && { result: toJsonSchema(result, 'output') }),
    ...(details.length > 0 && { errors: Object.fromEntries(details) }),
    ...(personal && { personal }),
  };
  return { contract, type, reads: toJsonSchema(payload, 'input') };
}

/**
 * Names, descriptions and examples are no part of it.
 * @param io `input`: what may be given; `output`: what comes out, with defaults filled in
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const options = { io, reused: 'inline', metadata: z.registry<z.core.GlobalMeta>(), override: complete } as const;
  const { $schema: _, ...rules } = z.toJSONSchema(schema, options);
  return rules as JsonSchema;
}

type Converted = { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema };

function complete(converted: Converted): void {
  leaveOpen(converted);
  addTextRules(converted);
  const { def } = converted.zodSchema._zod;
  if (def.type === 'prefault') converted.jsonSchema.default ??= def.defaultValue as never;
}

/** zod closes every object that comes out. Only a strict one stays closed: whoever reads the others leaves out what is new. */
function leaveOpen({ zodSchema, jsonSchema }: Converted): void {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties;
}

/** What zod checks and its JSON Schema loses: the format beside a pattern, flags, parts of URLs, how a token is signed. */
function addTextRules({ zodSchema, jsonSchema }: Converted): void {
  const { def } = zodSchema._zod;
  if (def.type !== 'string') return;
  const checks = textChecks(def);
  const patterns = new Set(checks.flatMap(({ pattern }) => pattern ?? []));
  const places = (jsonSchema.allOf ?? [jsonSchema]).filter(({ pattern }) => pattern !== undefined);
  [...patterns].forEach(({ flags }, index) => flags && Object.assign(places[index]!, { flags }));
  const [named] = namedFormats(def);
  if (!named || isLax(named)) delete jsonSchema.format;
  else jsonSchema.format = FORMAT_NAMES[named.format!] ?? named.format!;
  for (const { hostname, protocol, alg } of checks)
    Object.assign(jsonSchema, {
      ...(hostname && { hostname: String(hostname) }),
      ...(protocol && { protocol: String(protocol) }),
      ...(alg && { algorithm: alg }),
    });
}

/** Times without a zone are no format of JSON Schema; their pattern says all. */
const isLax = ({ format, local, precision }: TextCheck) => format === 'time' || local === true || precision === -1;

const FORMAT_NAMES: Readonly<Record<string, string>> = { guid: 'uuid', url: 'uri', datetime: 'date-time' };
