import { z } from 'zod';
import type { StoredMessage } from '../../transaction/message.js';

/**
 * A stored message on the wire: CloudEvents 1.0 in JSON, with W3C trace context and our own extension attributes.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.templateLiteral(['/modules/', z.string().min(1)]),
  type: z.string(),
  subject: z.string(),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  traceparent: z.string(),
  sequence: z.string().regex(/^\d+$/),
  stream: z.string(),
  correlationid: z.string(),
  causationid: z.string(),
  actor: z.string(),
  actorrole: z.string(),
  replytomodule: z.string().optional(),
  replytosaga: z.string().optional(),
  replytoid: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
type CloudEvent = z.output<typeof CloudEvent>;

export const BATCH_TYPE = 'application/cloudevents-batch+json; charset=utf-8';

/** Nanoseconds do not matter, the order does: `sequence` is the number in the outbox. */
export function toCloudEvent(message: StoredMessage): CloudEvent {
  const { headers } = message;
  const { replyto } = headers;
  return {
    specversion: '1.0',
    id: message.id,
    source: `/modules/${message.producer}`,
    type: message.type,
    subject: message.aggregateid,
    time: message.created_at,
    datacontenttype: 'application/json',
    traceparent: headers.traceparent,
    sequence: String(message.seq),
    stream: message.aggregatetype,
    correlationid: headers.correlationid,
    causationid: headers.causationid,
    actor: headers.actor.sub,
    actorrole: headers.actor.role,
    ...(replyto && { replytomodule: replyto.module, replytosaga: replyto.saga, replytoid: replyto.id }),
    data: message.payload as CloudEvent['data'],
  };
}

/** @throws ZodError when it is no CloudEvent of ours */
export function fromCloudEvent(value: unknown): StoredMessage {
  const event = CloudEvent.parse(value);
  const { replytomodule: module, replytosaga: saga, replytoid: id } = event;
  return {
    seq: Number(event.sequence),
    id: event.id,
    producer: event.source.slice('/modules/'.length),
    aggregatetype: event.stream,
    aggregateid: event.subject,
    type: event.type,
    payload: event.data,
    created_at: event.time,
    headers: {
      correlationid: event.correlationid,
      causationid: event.causationid,
      traceparent: event.traceparent,
      actor: { sub: event.actor, role: event.actorrole },
      ...(module && saga && id && { replyto: { module, saga, id } }),
    },
  };
}
