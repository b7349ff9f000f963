import type { MessageClass } from '../../messaging/define.js';
import { definitionOf } from '../../messaging/define.js';
import { replyType, streams } from '../../transaction/message.js';
import { PATHS } from '../seam/wire.js';
import type { Travelling } from './schemas.js';
import { CLOUD_EVENT, exampleMessage, REPLY, schemasOf } from './schemas.js';

/** What is known of the messages of an application. */
export interface Messaging {
  readonly info: { readonly title: string; readonly version: string };
  readonly modules: readonly { readonly name: string; readonly contracts: Readonly<Record<string, unknown>> }[];
  /** The consumers of stored messages, and the wire names of those that each handles. */
  readonly receivers: readonly { readonly module: string; readonly name: string; readonly types: Iterable<string> }[];
  /** The durable commands that the sagas of a module send. */
  readonly senders: readonly { readonly module: string; readonly commands: readonly MessageClass[] }[];
}

type Json = Record<string, unknown>;
/** What lies in the outbox of a module, by wire name. */
type Outbox = ReadonlyMap<string, Travelling>;

/** How stored messages reach other processes: `EVENTS=feed` and `EVENTS=nats`. */
const TRANSPORTS = {
  feed: {
    server: {
      host: '{module}:4000',
      protocol: 'http',
      description: 'The seam of a process. Needs a token that is signed with SEAM_SECRET.',
      variables: { module: { default: 'localhost', description: 'Where the process of a module answers.' } },
    },
    channel: (module: string) => ({
      address: `${PATHS.feeds}/${module}`,
      description: `The outbox of ${module}, as a feed in batches of CloudEvents, in order.`,
    }),
  },
  nats: {
    server: { host: 'localhost:4222', protocol: 'nats', description: 'NATS with JetStream: NATS_URL.' },
    channel: (module: string) => ({
      address: `liftout.${module}.{stream}.{type}`,
      description: `The stream of ${module}: one CloudEvent a message, in order, signed.`,
      parameters: {
        stream: {
          description: 'Events are in the stream of their module, commands and replies in that of the receiver.',
        },
        type: { description: 'The wire name of the message.' },
      },
    }),
  },
} as const;

type Transport = keyof typeof TRANSPORTS;

/**
 * The AsyncAPI 3.0 document of the messages that modules store for each other: events, durable commands and replies. A
 * channel is the outbox of a module, once for each transport.
 *
 * Commands that a handler sends by itself are not known from outside of its code: the document has those of sagas.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 * @example const document = asyncApiOf({ info: { title: 'letters', version: '1.0.0' }, modules, receivers: [], senders: [] });
 */
export function asyncApiOf({ info, modules, receivers, senders }: Messaging): Json {
  const types = new Map(modules.flatMap(({ contracts }) => classesIn(contracts)));
  const said = modules.map(({ name }) => [name, outboxOf(name, types, senders)] as const);
  const speaking = said.filter(([, messages]) => messages.size > 0);
  const transports = Object.keys(TRANSPORTS) as Transport[];
  const each = <T>(make: (transport: Transport, module: string, messages: Outbox) => T) =>
    transports.flatMap((transport) => speaking.map(([module, messages]) => make(transport, module, messages)));
  const all = new Map(speaking.flatMap(([, messages]) => [...messages]));
  return {
    asyncapi: '3.0.0',
    info: { ...info, description: DESCRIPTION },
    defaultContentType: 'application/cloudevents+json',
    servers: Object.fromEntries(transports.map((name) => [name, TRANSPORTS[name].server])),
    channels: Object.fromEntries(each(channel)),
    operations: Object.fromEntries([
      ...each((transport, module) => [
        `${module}.publishes.${transport}`,
        { action: 'send', channel: at(transport, module) },
      ]),
      ...receivers.flatMap((receiver) => each((...place) => received(receiver, ...place)).flat()),
    ]),
    components: {
      messages: Object.fromEntries([...all].map(([name, message]) => [name, described(message)])),
      schemas: { CloudEvent: CLOUD_EVENT, Reply: REPLY, ...schemasOf(types.values()) },
    },
  };
}

const DESCRIPTION =
  'Messages that modules store in their outboxes for each other. Each arrives at least once, in order for each key; its ' +
  '`id` tells repetitions. Requests over HTTP are in `/openapi.json`.';

function classesIn(contracts: Readonly<Record<string, unknown>>): [string, MessageClass][] {
  const classes = Object.values(contracts).filter((value) => definitionOf(value) && typeof value === 'function');
  return (classes as MessageClass[]).map((type) => [type.definition.name, type]);
}

function outboxOf(producer: string, types: ReadonlyMap<string, MessageClass>, senders: Messaging['senders']): Outbox {
  const said = new Map<string, Travelling>();
  const add = (type: string, stream: string, message: MessageClass, reply = false) =>
    said.set(type, { producer, stream, type, message, reply });
  for (const [name, message] of types) {
    const { kind, module } = message.definition;
    if (kind === 'event' && module === producer) add(name, streams.events(module), message);
  }
  for (const { module: sender, commands } of senders)
    for (const command of commands.filter(({ definition }) => types.has(definition.name))) {
      const { name, module: receiver } = command.definition;
      if (sender === producer) add(name, streams.commands(receiver), command);
      if (receiver === producer) add(replyType(name), streams.replies(sender), command, true);
    }
  return said;
}

const idOf = (transport: Transport, module: string) => `${module}.${transport}`;
const at = (transport: Transport, module: string) => ({ $ref: `#/channels/${idOf(transport, module)}` });

function channel(transport: Transport, module: string, messages: Outbox): [string, Json] {
  const names = [...messages.keys()];
  return [
    idOf(transport, module),
    {
      ...TRANSPORTS[transport].channel(module),
      servers: [{ $ref: `#/servers/${transport}` }],
      messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    },
  ];
}

/** What a consumer receives of one producer; nothing where that says nothing that concerns it. */
function received(
  { name, types }: Messaging['receivers'][number],
  transport: Transport,
  producer: string,
  messages: Outbox,
): [string, Json][] {
  const own = [...types].filter((type) => messages.has(type)).sort();
  if (own.length === 0) return [];
  const channelOf = at(transport, producer);
  const refs = own.map((type) => ({ $ref: `${channelOf.$ref}/messages/${type}` }));
  return [[`${name}.receives.${producer}.${transport}`, { action: 'receive', channel: channelOf, messages: refs }]];
}

function described(travelling: Travelling): Json {
  const { type, stream, reply } = travelling;
  const { name, kind, key, module } = travelling.message.definition;
  const example = exampleMessage(travelling);
  const what = kind === 'event' ? `An event of ${module}.` : `A durable command to ${module}.`;
  const data = { $ref: `#/components/schemas/${reply ? 'Reply' : name}` };
  return {
    name: type,
    title: type.split('.')[1],
    summary: reply ? `The answer to ${name}.` : what,
    correlationId: { location: '$message.payload#/correlationid' },
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        { type: 'object', properties: { type: { const: type }, stream: { const: stream }, data } },
      ],
    },
    ...(key && !reply && { 'x-key': key }),
    ...(example && { examples: [{ name: 'example', payload: example }] }),
  };
}
