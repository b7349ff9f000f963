import type { FeedFilter } from '../../delivery/feed/feed.js';
import type { StoredMessage } from '../../transaction/message.js';
import type { Logged } from '../broker/broker-log.js';
import { Signer } from '../broker/signer.js';
import { fromCloudEvent, toCloudEvent } from '../events/cloud-events.js';

const AFTER = 'liftout-after';
const SIGNATURE = 'liftout-signature';
const PREFIX = 'ce_';
const CONTENT_TYPE = 'application/json';

type Headers = readonly (readonly [name: string, value: string])[];

/** A record as it goes to Kafka, and comes from there. */
export interface Sealed {
  key: Buffer;
  headers: Map<Buffer, Buffer>;
  value: Buffer;
}

/** A record that was sealed by one of us. */
export interface Envelope extends Logged {
  /** The attributes of the CloudEvent but for its data. */
  attributes: Readonly<Record<string, string>>;
  data: Buffer;
}

/**
 * CloudEvents in records of Kafka, in binary mode: attributes are headers, the value is the payload as JSON, and the key
 * is that of the aggregate. Signed, since whoever may write to the topic is not one of us.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export class Envelopes {
  readonly #signer: Signer;

  /**
   * @param secret signs, and is accepted
   * @param otherSecret is accepted as well: for changing the secret without a gap
   */
  constructor(secret: string, otherSecret?: string) {
    this.#signer = new Signer('liftout/kafka', secret, otherSecret);
  }

  seal(topic: string, message: StoredMessage, after: number): Sealed {
    const { data, datacontenttype, ...attributes } = toCloudEvent(message);
    const all: Headers = [
      ['content-type', datacontenttype],
      ...Object.entries(attributes).map(([name, value]) => [PREFIX + name, value] as const),
      [AFTER, String(after)],
    ];
    const value = Buffer.from(JSON.stringify(data));
    const signature = this.#signer.sign(topic, JSON.stringify(all), value);
    const pairs = [...all, [SIGNATURE, signature] as const].map(
      ([name, text]) => [Buffer.from(name), Buffer.from(text)] as const,
    );
    return { key: Buffer.from(message.aggregateid), headers: new Map(pairs), value };
  }

  /** @returns `undefined` when it was not sealed with our secret */
  open(
    topic: string,
    record: { headers: Iterable<readonly [unknown, unknown]>; value: Buffer | null },
  ): Envelope | undefined {
    const all: Headers = [...record.headers].map(([name, value]) => [String(name), String(value)] as const);
    const named = new Map(all);
    const signed = all.filter(([name]) => name !== SIGNATURE);
    const data = record.value ?? Buffer.alloc(0);
    if (!this.#signer.isSigned(named.get(SIGNATURE) ?? '', topic, JSON.stringify(signed), data)) return undefined;
    const attributes = signed.flatMap(([name, value]) =>
      name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), value] as const] : [],
    );
    return {
      seq: Number(named.get(`${PREFIX}sequence`)),
      after: Number(named.get(AFTER)),
      attributes: Object.fromEntries(attributes),
      data,
    };
  }
}

/** @throws when it is no CloudEvent of ours */
export const messageIn = ({ attributes, data }: Envelope): StoredMessage =>
  fromCloudEvent({ ...attributes, datacontenttype: CONTENT_TYPE, data: JSON.parse(data.toString()) as unknown });

/** Whether a filter wants a message. */
export function wanted({ streams, types }: FeedFilter): (envelope: Envelope) => boolean {
  return ({ attributes: { stream = '', type = '' } }) =>
    streams.includes(stream) && (types.length === 0 || types.includes(type));
}
