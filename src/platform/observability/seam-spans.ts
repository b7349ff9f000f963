import { SpanKind } from '@opentelemetry/api';
import type { MessageContext } from '../messaging/context/context.js';
import type { MessageDefinition } from '../messaging/define.js';
import type { SpanSpec } from './spans.js';

/**
 * What the spans at our own seams are called and say. Names follow the semantic conventions of OpenTelemetry where there
 * are any; ours begin with `liftout.`.
 */
const SYSTEM = 'liftout';
export const MODULE = 'liftout.module';
const MESSAGE = 'liftout.message';

/** A command or query in the module that handles it. */
export function handling({ name, kind, module }: MessageDefinition, from: 'local' | 'remote'): SpanSpec {
  const spanKind = from === 'remote' ? SpanKind.SERVER : SpanKind.INTERNAL;
  return { name, kind: spanKind, attributes: { [MODULE]: module, [MESSAGE]: name, 'liftout.kind': kind } };
}

/** A question to a module in another process: one attempt. */
export function asking({ type }: MessageContext, module: string, url: string): SpanSpec {
  return {
    name: type,
    kind: SpanKind.CLIENT,
    attributes: { 'rpc.system.name': SYSTEM, 'rpc.method': type, 'server.address': url, 'liftout.to': module },
  };
}

/** A request that the front door hands on to the process of the module. */
export function forwarding(method: string, module: string, url: string): SpanSpec {
  const attributes = { 'http.request.method': method, 'server.address': url, 'liftout.to': module };
  return { name: method, kind: SpanKind.CLIENT, attributes };
}

/** A message going into the outbox: ends when it is committed, and is never told of when it is not. */
export function sending(type: string, stream: string, id: string, module: string): SpanSpec {
  return {
    name: `send ${type}`,
    kind: SpanKind.PRODUCER,
    attributes: {
      ...messaging('send', 'send', stream),
      'messaging.message.id': id,
      [MODULE]: module,
      [MESSAGE]: type,
    },
  };
}

/** What is told of a message that was stored. */
interface Told {
  readonly id: string;
  readonly type: string;
  readonly aggregatetype: string;
  readonly headers: { readonly correlationid: string };
}

/** One attempt of one consumer to handle a message. */
export function processing(message: Told, consumer: string, module: string, batch = 1): SpanSpec {
  return {
    name: `process ${message.type}`,
    kind: SpanKind.CONSUMER,
    attributes: {
      ...messaging('process', 'process', message.aggregatetype),
      'messaging.consumer.group.name': consumer,
      'messaging.message.id': message.id,
      'messaging.message.conversation_id': message.headers.correlationid,
      ...(batch > 1 && { 'messaging.batch.message_count': batch }),
      [MODULE]: module,
      [MESSAGE]: message.type,
    },
  };
}

/** The transaction in which a consumer takes several messages, of whatever traces. */
export function receiving(consumer: string, module: string, links: readonly string[], batch: number): SpanSpec {
  const attributes = {
    ...messaging('receive', 'receive', consumer),
    'messaging.consumer.group.name': consumer,
    'messaging.batch.message_count': batch,
    [MODULE]: module,
  };
  return { name: `receive ${consumer}`, kind: SpanKind.CONSUMER, attributes, links };
}

/** A timeout of a saga that has passed, below the step that armed it. */
export function timingOut(saga: string, name: string, module: string): SpanSpec {
  const attributes = { [MODULE]: module, 'liftout.saga': saga, 'liftout.saga.timeout': name };
  return { name: `timeout ${saga} ${name}`, kind: SpanKind.INTERNAL, attributes };
}

/** From the BEGIN of a transaction to its end. */
export function transacting(module: string): SpanSpec {
  return { name: `transaction ${module}`, kind: SpanKind.INTERNAL, attributes: { [MODULE]: module } };
}

/** A request by HTTP; its route is known later. */
export function serving(method: string): SpanSpec {
  return { name: method, kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'url.scheme': 'http' } };
}

function messaging(type: string, name: string, destination: string) {
  return {
    'messaging.system': SYSTEM,
    'messaging.operation.type': type,
    'messaging.operation.name': name,
    'messaging.destination.name': destination,
  };
}
