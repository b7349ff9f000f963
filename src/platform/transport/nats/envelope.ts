import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { headers } from '@nats-io/transport-node';
import type { FeedFilter } from '../../delivery/feed/feed.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logged } from '../broker/broker-log.js';
import { Signer } from '../broker/signer.js';
import { fromCloudEvent, toCloudEvent } from '../events/cloud-events.js';
import { subjectOf } from './broker.js';

const ID = 'Nats-Msg-Id';
const AFTER = 'Liftout-After';
const SIGNATURE = 'Liftout-Signature';

/** A message as it lies in the stream. */
export interface Envelope extends Logged {
  subject: string;
  body: Uint8Array;
}

export interface Sealed {
  subject: string;
  id: string;
  headers: MsgHdrs;
  body: string;
}

/** How far a stream goes: told by its producer. */
interface Heartbeat {
  /** Everything of the outbox up to here is published. */
  settled: number;
  /** The last message up to there. */
  last: number;
  /** The end of the stream. */
  stream: number;
  /** How far the outbox goes. */
  head: number;
}

const idOf = (module: string, seq: number) => `${module}-${seq}`;
export const seqOf = (id: string) => Number(id.slice(id.lastIndexOf('-') + 1));

/** What goes to the broker, signed. */
export class Envelopes {
  readonly #signer: Signer;

  /**
   * @param secret signs, and is accepted
   * @param otherSecret is accepted as well: for changing the secret without a gap
   */
  constructor(secret: string, otherSecret?: string) {
    this.#signer = new Signer('liftout/nats', secret, otherSecret);
  }

  seal(message: StoredMessage, after: number): Sealed {
    const subject = subjectOf(message.producer, message.aggregatetype, message.type);
    const id = idOf(message.producer, message.seq);
    const body = JSON.stringify(toCloudEvent(message));
    const fields = headers();
    fields.set('Content-Type', 'application/cloudevents+json; charset=utf-8');
    fields.set(AFTER, String(after));
    fields.set(SIGNATURE, this.#signer.sign(subject, id, String(after), body));
    return { subject, id, headers: fields, body };
  }

  /** @returns `undefined` when it was not sealed with our secret */
  open(message: Pick<Msg, 'subject' | 'headers' | 'data'>): Envelope | undefined {
    const { subject, headers: fields, data } = message;
    const [id = '', after = '', signature = ''] = [ID, AFTER, SIGNATURE].map((name) => fields?.get(name));
    if (!this.#signer.isSigned(signature, subject, id, after, data)) return undefined;
    return { seq: seqOf(id), after: Number(after), subject, body: data };
  }

  sealHeartbeat(subject: string, heartbeat: Heartbeat): string {
    const text = JSON.stringify(heartbeat);
    return JSON.stringify({ text, signature: this.#signer.sign(subject, text) });
  }

  openHeartbeat(subject: string, body: string): Heartbeat | undefined {
    const { text, signature } = JSON.parse(body) as { text: string; signature: string };
    return this.#signer.isSigned(signature, subject, text) ? (JSON.parse(text) as Heartbeat) : undefined;
  }
}

/** @throws when it is no CloudEvent of ours */
export const messageIn = ({ body }: Envelope): StoredMessage =>
  fromCloudEvent(JSON.parse(Buffer.from(body).toString()));

/** Whether a filter wants a message, by its subject. */
export function wanted(producer: string): (filter: FeedFilter) => (envelope: Envelope) => boolean {
  return ({ streams, types }) => {
    const subjects = (type: string) => streams.map((stream) => subjectOf(producer, stream, type));
    if (types.length === 0) return ({ subject }) => subjects('').some((stream) => subject.startsWith(stream));
    const all = new Set(types.flatMap(subjects));
    return ({ subject }) => all.has(subject);
  };
}
