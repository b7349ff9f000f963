import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { headers } from '@nats-io/transport-node';
import type { StoredMessage } from '../../transaction/message.js';
import { fromCloudEvent, toCloudEvent } from '../events/cloud-events.js';
import { subjectOf } from './broker.js';

const ID = 'Nats-Msg-Id';
const AFTER = 'Liftout-After';
const SIGNATURE = 'Liftout-Signature';

/** A message as it lies in the stream. Each names the one before it: a reader notices when any is missing. */
export interface Envelope {
  /** Its number in the outbox. */
  seq: number;
  /** The number of the message before it in the outbox; 0 when there was none. */
  after: number;
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
export interface Heartbeat {
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

/** Signs what goes to the broker with the secret of the seam, and checks it: whoever may write there is not one of us. */
export class Envelopes {
  readonly #key: Buffer;
  readonly #otherKey: Buffer | undefined;

  /**
   * @param secret signs, and is accepted
   * @param otherSecret is accepted as well: for changing the secret without a gap
   */
  constructor(secret: string, otherSecret?: string) {
    this.#key = keyOf(secret);
    this.#otherKey = otherSecret === undefined ? undefined : keyOf(otherSecret);
  }

  seal(message: StoredMessage, after: number): Sealed {
    const subject = subjectOf(message.producer, message.aggregatetype, message.type);
    const id = idOf(message.producer, message.seq);
    const body = JSON.stringify(toCloudEvent(message));
    const fields = headers();
    fields.set('Content-Type', 'application/cloudevents+json; charset=utf-8');
    fields.set(AFTER, String(after));
    fields.set(SIGNATURE, sign(this.#key, [subject, id, String(after), body]).toString('base64url'));
    return { subject, id, headers: fields, body };
  }

  /** @returns `undefined` when it was not sealed with our secret */
  open(message: Pick<Msg, 'subject' | 'headers' | 'data'>): Envelope | undefined {
    const { subject, headers: fields, data } = message;
    const [id = '', after = '', signature = ''] = [ID, AFTER, SIGNATURE].map((name) => fields?.get(name));
    if (!this.#isSigned(signature, subject, id, after, data)) return undefined;
    return { seq: seqOf(id), after: Number(after), subject, body: data };
  }

  sealHeartbeat(subject: string, heartbeat: Heartbeat): string {
    const text = JSON.stringify(heartbeat);
    return JSON.stringify({ text, signature: sign(this.#key, [subject, text]).toString('base64url') });
  }

  openHeartbeat(subject: string, body: string): Heartbeat | undefined {
    const { text, signature } = JSON.parse(body) as { text: string; signature: string };
    return this.#isSigned(signature, subject, text) ? (JSON.parse(text) as Heartbeat) : undefined;
  }

  #isSigned(signature: string, ...parts: Parts): boolean {
    if (same(sign(this.#key, parts), signature)) return true;
    return this.#otherKey !== undefined && same(sign(this.#otherKey, parts), signature);
  }
}

type Parts = readonly (string | Uint8Array)[];

const keyOf = (secret: string) => createHmac('sha256', secret).update('liftout/nats').digest();

function sign(key: Buffer, parts: Parts): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part).update('\n');
  return hmac.digest();
}

/** @throws when it is no CloudEvent of ours */
export const messageIn = ({ body }: Envelope): StoredMessage =>
  fromCloudEvent(JSON.parse(Buffer.from(body).toString()));

function same(expected: Buffer, given: string): boolean {
  const signature = Buffer.from(given, 'base64url');
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
