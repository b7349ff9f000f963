import { z } from 'zod';
import type { MessageClass } from '../messaging/define.js';

/** What a module counts of its own events, for people who look after the business. */
export interface BusinessCounter {
  /** Name of the counter, such as `letters_sent`; in Prometheus `liftout_business_letters_sent_total`. */
  readonly name: string;
  readonly event: MessageClass;
  /** A field of the event whose values are told apart. */
  readonly by?: string;
  /** A field of the event that is added up, in place of the number of events. */
  readonly sum?: string;
}

/**
 * Declares a number that means something to the business: how many events of a kind were committed, or the sum of one of
 * their fields.
 *
 * @example outcomes: [outcome('letters_lost', LetterLost, { by: 'reason' }), outcome('postage', LetterSent, { sum: 'cents' })]
 * @param by a text field: an enum, or one with few different values; beyond twenty they are counted as `other`
 * @param sum a number field
 * @throws TypeError when the event has no such field
 */
export function outcome(
  name: string,
  event: MessageClass,
  { by, sum }: { by?: string; sum?: string } = {},
): BusinessCounter {
  const { payload, name: type } = event.definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`"${name}" is no name of a counter: expected letters_sent`);
  for (const field of [by, sum])
    if (field !== undefined && !(field in payload.shape)) throw new TypeError(`${type} has no field "${field}"`);
  if (sum !== undefined && !(payload.shape[sum] instanceof z.ZodNumber))
    throw new TypeError(`${type}: "${sum}" is no number that could be added up`);
  return { name, event, ...(by && { by }), ...(sum && { sum }) };
}

type Published = (type: string, payload: object) => void;
let listener: Published | undefined;

/** Tells `next` of everything that is committed to an outbox of this process. */
export function onPublished(next: Published | undefined): void {
  listener = next;
}

export function notifyPublished(messages: readonly { row: { type: string; payload: object } }[]): void {
  if (listener) for (const { row } of messages) listener(row.type, row.payload);
}

const MAX_VALUES = 20;

/** Keeps the number of different labels small, whatever the values are. */
export class BoundedLabelValues {
  readonly #known = new Set<string>();

  of(value: unknown): string {
    const text = String(value);
    if (this.#known.has(text)) return text;
    if (this.#known.size >= MAX_VALUES) return 'other';
    this.#known.add(text);
    return text;
  }
}
