import type { Span } from '@opentelemetry/api';
import type { Actor, MessageContext, SendOptions } from '../messaging/context/context.js';
import { currentMessage, SYSTEM } from '../messaging/context/context.js';
import { childTrace, parseTraceparent } from '../messaging/context/trace-context.js';
import { definitionOf } from '../messaging/define.js';
import { milliseconds } from '../messaging/duration.js';
import type { WireError } from '../messaging/errors.js';
import { ContractViolation } from '../messaging/errors.js';
import { newId } from '../new-id.js';
import { jsonWithinLimit, keyWithinLimit } from './message-size.js';
import { sending } from '../observability/seam-spans.js';
import { beginSpan } from '../observability/spans.js';

/** What travels beside the payload; lower-case names, as CloudEvents extensions want them. */
export interface MessageHeaders {
  correlationid: string;
  causationid: string;
  traceparent: string;
  actor: Actor;
  /** Where the reply to a durable command goes. */
  replyto?: { module: string; saga: string; id: string };
}

/** A row of an outbox. The columns follow the Debezium outbox event router. */
interface OutboxRow {
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  payload: object;
  headers: MessageHeaders;
}

/** A row that was not written yet. */
export interface PendingRow extends OutboxRow {
  /** `payload` as it will be stored. */
  json: string;
  /** Absent where it goes out with the commit. */
  later?: Later | undefined;
}

/** When a command is sent: milliseconds after it was stored, or at a moment. */
type Later = { afterMs: number } | { at: Date };

/** A row that is to be written, and the span that ends when it is; absent when it is not recorded. */
export interface PendingMessage {
  row: PendingRow;
  span: Span | undefined;
}

/** A row of an outbox as a consumer reads it. */
export interface StoredMessage extends OutboxRow {
  seq: number;
  /** The module whose outbox it was read from. */
  producer: string;
  /** ISO 8601, UTC. */
  created_at: string;
}

/**
 * The answer to a durable command.
 *
 * @example
 * this.onReply(BookCourier, (state, reply: Reply) => (reply.ok ? { done: true } : { compensate: true }));
 */
export type Reply<R = unknown> =
  | { ok: true; result: R }
  | { ok: false; error: WireError; /** It was given up after repeated faults. */ dead?: boolean };

/** Events of a module are in its own stream, durable commands and replies in one that names the receiver. */
export const streams = {
  events: (producer: string) => producer,
  commands: (receiver: string) => `${receiver}.commands`,
  replies: (receiver: string) => `${receiver}.replies`,
};

/** The `type` of the reply to a command. */
export const replyType = (command: string) => `${command}.reply`;

/** Begins the span of a row: what is caused by the message is below it. @param module whose outbox it goes into */
export function startSendSpan(row: PendingRow, module: string): PendingMessage {
  const { aggregatetype, headers, id, type } = row;
  const { span, traceparent } = beginSpan(headers.traceparent, () => sending(type, aggregatetype, id, module));
  return span ? { row: { ...row, headers: { ...headers, traceparent } }, span } : { row, span };
}

/** @throws ContractViolation when its payload or key is too large to be stored, as {@link commandRow} and {@link replyRow} */
export function eventRow(event: object): PendingRow {
  const definition = definitionOf(event)!;
  const key = String((event as Record<string, unknown>)[definition.key!]);
  return row(streams.events(definition.module), key, definition.name, event);
}

export function commandRow(command: object, sender: string, options: SendOptions): PendingRow {
  const definition = definitionOf(command)!;
  const key = options.key ?? currentMessage()?.id ?? newId();
  const replyto = options.replyTo && { module: sender, ...options.replyTo };
  const sent = row(streams.commands(definition.module), key, definition.name, command, replyto && { replyto });
  return { ...sent, later: laterOf(definition.name, options) };
}

function laterOf(name: string, { after, at }: SendOptions): Later | undefined {
  const refused = (what: string) => new ContractViolation('LIFTOUT_SEND_TIME_INVALID', `${name} was sent with ${what}`);
  if (after !== undefined && at !== undefined) throw refused('both after and at: give it one of them.');
  if (at !== undefined) {
    if (at instanceof Date && !Number.isNaN(at.getTime())) return { at };
    throw refused('an "at" that is no time: give it a Date.');
  }
  try {
    return after === undefined ? undefined : { afterMs: milliseconds(after) };
  } catch (error) {
    throw refused(`an "after" that is no time: ${(error as Error).message}`);
  }
}

/** The reply to a durable command, in order with the other replies to the same saga instance. */
export function replyRow(command: StoredMessage, reply: Reply): PendingRow | undefined {
  const to = command.headers.replyto;
  if (!to) return undefined;
  return row(streams.replies(to.module), to.id, replyType(command.type), reply, { replyto: to });
}

/** The context in which a consumer handles a stored message. */
export function contextOf(message: StoredMessage, module: string, more: Partial<MessageContext> = {}): MessageContext {
  const { correlationid, causationid, traceparent, actor } = message.headers;
  return {
    id: message.id,
    type: message.type,
    module,
    correlationId: correlationid,
    causationId: causationid,
    traceparent: parseTraceparent(traceparent) ?? childTrace(undefined),
    actor,
    occurredAt: message.created_at,
    ...more,
  };
}

function row(
  stream: string,
  key: string,
  type: string,
  payload: object,
  more: Partial<MessageHeaders> = {},
): PendingRow {
  const aggregateid = keyWithinLimit(type, key);
  const json = jsonWithinLimit(type, payload);
  const context = currentMessage();
  const id = newId();
  const headers = {
    correlationid: context?.correlationId ?? id,
    causationid: context?.id ?? id,
    traceparent: context?.traceparent ?? childTrace(undefined),
    actor: context?.actor ?? SYSTEM,
    ...more,
  };
  return { id, aggregatetype: stream, aggregateid, type, payload, json, headers };
}
