import { bare, exampleOf, mapped } from '../../http/openapi/json.js';
import type { MessageClass } from '../../messaging/define.js';

const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more });

/** What surrounds every stored message on its way: see `events/cloud-events.ts`. */
export const CLOUD_EVENT = {
  type: 'object',
  properties: {
    specversion: { const: '1.0' },
    id: text('The same in every repetition.', { format: 'uuid' }),
    source: text('/modules/ and the name of the producer.'),
    type: text('The wire name of the message.'),
    subject: text('The key: messages of one key keep their order.'),
    time: text('When it was stored.', { format: 'date-time' }),
    datacontenttype: { const: 'application/json' },
    traceparent: text('W3C Trace Context.'),
    sequence: text('The number in the outbox of the producer; it only rises, with gaps.', { pattern: '^\\d+$' }),
    stream: text('The module for events; the receiver and .commands or .replies.'),
    correlationid: text('The same in everything that one request has caused.'),
    causationid: text('The id of the message that has caused this one.'),
    actor: text('On whose behalf.'),
    actorrole: text('The role of the actor.'),
    replytomodule: text('Of a command: where its reply goes.'),
    replytosaga: text('Of a command: where its reply goes.'),
    replytoid: text('Of a command: where its reply goes.'),
    data: { type: 'object' },
  },
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'traceparent',
    'sequence',
    'stream',
    'correlationid',
    'causationid',
    'actor',
    'actorrole',
    'data',
  ],
};

/** The answer to a durable command. */
export const REPLY = {
  oneOf: [
    { type: 'object', properties: { ok: { const: true }, result: {} }, required: ['ok'] },
    {
      type: 'object',
      properties: { ok: { const: false }, error: { type: 'object' }, dead: { type: 'boolean' } },
      required: ['ok', 'error'],
    },
  ],
};

/**
 * The JSON Schema (draft 7, which AsyncAPI and schema registries read) of the payload of each message, and what these refer
 * to, by wire name. An object may get more fields one day, unless its schema is strict.
 */
export function schemasOf(types: Iterable<MessageClass>): Record<string, object> {
  const schemas: Record<string, object> = {};
  for (const { definition } of types) {
    const { name } = definition;
    const { definitions = {}, ...own } = schemaOf(definition);
    // `#` is the message itself, and `#/definitions/x` lies beside it.
    const renamed = (key: string) => (key === '' ? name : `${name}.${key.slice('/definitions/'.length)}`);
    schemas[name] = mapped(own, renamed, '#') as object;
    for (const [key, inner] of Object.entries(definitions))
      schemas[`${name}.${key}`] = mapped(inner, renamed, '#') as object;
  }
  return schemas;
}

interface DraftSchema {
  readonly definitions?: Readonly<Record<string, object>>;
}

/** The JSON Schema of one message, complete in itself. */
export function schemaOf({ kind, payload }: MessageClass['definition']): DraftSchema {
  const { $schema: _, ...schema } = bare(payload, kind === 'event' ? 'output' : 'input', 'draft-7');
  return schema as DraftSchema;
}

const ID = '0199c2a4-6f00-7000-8000-000000000001';

/** A message as it travels. */
export interface Travelling {
  /** The module in whose outbox it is. */
  readonly producer: string;
  readonly stream: string;
  /** The wire name. */
  readonly type: string;
  readonly message: MessageClass;
  /** Whether it is the answer to the message, and not that. */
  readonly reply: boolean;
}

/** @returns nothing where nobody can guess an example of its payload */
export function exampleMessage({ producer, stream, type, message: { definition }, reply }: Travelling) {
  const payload = exampleOf(definition.payload);
  if (payload === undefined) return undefined;
  const result = definition.result ? exampleOf(definition.result) : null;
  const key = definition.key && !reply ? (payload as Record<string, unknown>)[definition.key] : ID;
  return {
    specversion: '1.0',
    id: ID,
    source: `/modules/${producer}`,
    type,
    subject: String(key),
    time: '2026-01-01T12:00:00.000Z',
    datacontenttype: 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    sequence: '1',
    stream,
    correlationid: ID,
    causationid: ID,
    actor: 'alice',
    actorrole: 'customer',
    data: reply ? { ok: true, result } : payload,
  };
}
