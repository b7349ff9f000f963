import { Command, Query } from '@nestjs/cqrs';
import { z } from 'zod';
import { MAX_KEY_LENGTH } from './plain/limits.js';
import { refuseNonJson } from './plain/json.js';
import { unstorableIn } from './plain/storable.js';
import type { PersonalData, PersonalMarks } from './plain/personal.js';
import { personalDataOf } from './plain/personal.js';

/** What a message is, apart from its class: looked up by its wire name wherever one arrives. */
export interface MessageDefinition {
  readonly kind: 'command' | 'query' | 'event';
  /** `module.imperative-or-past-tense.vN`; never changes once it was used. */
  readonly name: string;
  /** The module that handles the command or query, or publishes the event: the first part of the name. */
  readonly module: string;
  readonly payload: z.ZodObject;
  /** What the handler answers with; `undefined` where it answers with nothing. Commands and queries only. */
  readonly result?: z.ZodType;
  /** The error codes it can answer with, and the schema of their details. Commands and queries only. */
  readonly errors: Readonly<Record<string, z.ZodType>>;
  /** The field that names the aggregate. Messages with the same value are delivered in order. Events only. */
  readonly key?: string;
  /** What an erasure replaces in stored messages; absent where nothing is personal. Commands and events only. */
  readonly personal?: PersonalData;
}

type Payload<P extends z.ZodObject> = Readonly<z.output<P>>;
type ResultOf<R> = R extends z.ZodType ? z.output<R> : void;

/** Any message class; `payload: never` because it is known by its definition only. */
export interface MessageClass<T = object> {
  new (payload: never): T;
  readonly definition: MessageDefinition;
}
interface CommandClass<P extends z.ZodObject, R> {
  new (payload: z.input<P>): Command<ResultOf<R>> & Payload<P>;
  readonly definition: MessageDefinition;
}
interface QueryClass<P extends z.ZodObject, R> {
  new (payload: z.input<P>): Query<ResultOf<R>> & Payload<P>;
  readonly definition: MessageDefinition;
}
interface EventClass<P extends z.ZodObject> {
  new (payload: z.input<P>): Payload<P>;
  readonly definition: MessageDefinition;
}

interface Answerable<P extends z.ZodObject, R extends z.ZodType | undefined> {
  payload: P;
  result?: R;
  errors?: Record<string, z.ZodType>;
}

/**
 * Defines a command: a class that works with the `CommandBus` of @nestjs/cqrs and types its result.
 *
 * @example
 * export class SendLetter extends defineCommand('letters.send-letter.v1', {
 *   payload: z.object({ letterId: z.uuid(), to: z.string() }),
 *   result: z.object({ position: z.int() }),
 *   errors: { unknown_address: z.object({ to: z.string() }) },
 * }) {}
 * const { position } = await commands.execute(new SendLetter({ letterId, to }));
 * @param name wire name, `module.do-something.v1`; `module` handles it
 * @param spec schemas of JSON values: payload, result (none: it answers with nothing), details of each error code; with
 *   `subject` and `personal`, see {@link PersonalMarks}
 * @throws TypeError when the name is malformed, or a schema says what JSON cannot carry or a snapshot cannot hold: dates,
 *   transforms, coercion, rules of its own, …
 * @guarantee instances are validated, deeply immutable copies of what they were given. The constructor throws a TypeError
 *   for a payload that does not fit, and for text that PostgreSQL cannot store: NUL, and halves of characters
 */
export function defineCommand<P extends z.ZodObject, R extends z.ZodType | undefined = undefined>(
  name: string,
  spec: Answerable<P, R> & PersonalMarks<P>,
): CommandClass<P, R> {
  const definition = { ...answerable('command', name, spec), ...marked(name, spec) };
  return messageClass(definition, Command) as unknown as CommandClass<P, R>;
}

/**
 * Defines a query: as {@link defineCommand}, for the `QueryBus`. Its handler changes nothing.
 *
 * @example
 * export class FindLetter extends defineQuery('letters.find-letter.v1', {
 *   payload: z.object({ letterId: z.uuid() }),
 *   result: z.object({ to: z.string() }),
 * }) {}
 * const { to } = await queries.execute(new FindLetter({ letterId }));
 */
export function defineQuery<P extends z.ZodObject, R extends z.ZodType>(
  name: string,
  spec: Answerable<P, R> & { result: R },
): QueryClass<P, R> {
  const definition = answerable('query', name, spec);
  return messageClass(definition, Query) as unknown as QueryClass<P, R>;
}

/**
 * Defines a durable event. Publishing one writes an outbox row in the transaction of the state it speaks of.
 *
 * @example
 * export class LetterSent extends defineEvent('letters.letter-sent.v1', {
 *   key: 'letterId',
 *   payload: z.object({ letterId: z.uuid(), to: z.string() }),
 * }) {}
 * events.publish(new LetterSent({ letterId, to }));
 * @param name wire name, `module.something-happened.v1`; only `module` publishes it
 * @param spec `payload`: schema of a JSON object; `key`: its field that names the aggregate whose order matters;
 *   `subject` and `personal`: see {@link PersonalMarks}
 * @throws TypeError when the name is malformed, the schema is not plain JSON, or the key is no field that always holds a
 *   string or a number, of at most 512 characters where its schema has a bound
 */
export function defineEvent<P extends z.ZodObject>(
  name: string,
  spec: { payload: P; key: keyof z.output<P> & string } & PersonalMarks<P>,
): EventClass<P> {
  refuseNonJson(name, 'payload', spec.payload);
  const what = { kind: 'event', ...named(name), payload: spec.payload, errors: {}, key: spec.key } as const;
  const definition = { ...what, ...marked(name, spec) };
  refuseKey(name, spec.key, spec.payload.shape[spec.key] as z.ZodType | undefined);
  return messageClass(definition, Object) as unknown as EventClass<P>;
}

/** The definition of a message instance or class; `undefined` for anything else, such as a local domain event. */
export function definitionOf(message: unknown): MessageDefinition | undefined {
  const type = typeof message === 'function' ? message : (message as object | null)?.constructor;
  return (type as Partial<MessageClass> | undefined)?.definition;
}

/**
 * Freezes plain data in place, all the way down.
 * @returns the same value
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

const NAME = /^([a-z][a-z0-9-]*)\.[a-z][a-z0-9-]*\.v[1-9][0-9]*$/;

function named(name: string): { name: string; module: string } {
  const module = NAME.exec(name)?.[1];
  if (!module) throw new TypeError(`"${name}" is no message name: expected "module.what-it-says.v1" in lower case`);
  return { name, module };
}

function answerable(
  kind: 'command' | 'query',
  name: string,
  spec: Answerable<z.ZodObject, z.ZodType | undefined>,
): MessageDefinition {
  const errors = spec.errors ?? {};
  refuseNonJson(name, 'payload', spec.payload);
  if (spec.result) refuseNonJson(name, 'result', spec.result);
  for (const [code, details] of Object.entries(errors)) refuseNonJson(name, `error ${code}`, details);
  return { kind, ...named(name), payload: spec.payload, ...(spec.result && { result: spec.result }), errors };
}

function marked<P extends z.ZodObject>(
  name: string,
  spec: { payload: P; key?: string } & PersonalMarks<P>,
): { personal?: PersonalData } {
  const personal = personalDataOf(name, spec.payload.shape, spec, spec.key);
  return personal ? { personal } : {};
}

const KEY_TYPES = new Set<unknown>(['string', 'number', 'integer']);

function refuseKey(name: string, key: string, field: z.ZodType | undefined): void {
  if (!field) throw new TypeError(`${name}: key "${key}" is not a field of its payload`);
  const { type, maxLength = 0 } = z.toJSONSchema(field, { io: 'output' });
  if (!KEY_TYPES.has(type) || field.safeParse(undefined).success)
    throw new TypeError(`${name}: key "${key}" has to be a string or a number, and always there`);
  if (maxLength > MAX_KEY_LENGTH)
    throw new TypeError(`${name}: key "${key}" may have ${maxLength} characters; a key has at most ${MAX_KEY_LENGTH}`);
}

function messageClass(definition: MessageDefinition, Base: new () => object): MessageClass {
  return class extends Base {
    static readonly definition = definition;

    constructor(payload: unknown) {
      super();
      const parsed = definition.payload.safeParse(payload);
      if (!parsed.success) throw payloadError(definition.name, parsed.error);
      refuseUnstorable(definition.name, parsed.data);
      Object.assign(this, parsed.data);
      deepFreeze(this);
    }
  };
}

/** Such a message could never be committed, and would fail far from where it was made. */
function refuseUnstorable(name: string, payload: object): void {
  const found = unstorableIn(payload);
  if (found) throw payloadError(name, new z.ZodError([{ code: 'custom', input: payload, ...found }]));
}

function payloadError(name: string, error: z.ZodError): TypeError {
  return Object.assign(new TypeError(`${name}: ${z.prettifyError(error)}`), { issues: error.issues });
}
