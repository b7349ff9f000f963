import { z } from 'zod';
import { currentMessage } from '../../src/platform/index.js';

/** What can happen to an order, in the order in which it usually does. */
const COURSE = [
  'order_placed',
  'payment_charged',
  'payment_declined',
  'payment_failed',
  'order_confirmed',
  'order_cancelled',
  'payment_refunded',
] as const;

export const Moment = z.object({ event: z.enum(COURSE), at: z.iso.datetime() });

type Occurrence = z.output<typeof Moment>['event'];

/** When what happened, as it is stored: each thing once, so that hearing of it again changes nothing. */
export type Moments = Readonly<Partial<Record<Occurrence, string>>>;

/** What has happened, at the time at which its producer said it: of the message that is being handled, unless another is named. */
export function momentOf(event: Occurrence, message = currentMessage()): Moments {
  return { [event]: message?.occurredAt ?? new Date().toISOString() };
}

/** Moments told by several producers, by time; in the usual order where the time is the same. */
export function timeline(...told: readonly Moments[]): z.output<typeof Moment>[] {
  const all: Moments = Object.assign({}, ...told);
  return COURSE.flatMap((event) => (all[event] ? [{ event, at: all[event] }] : [])).sort(byTime);
}

const byTime = (a: { at: string }, b: { at: string }) => Date.parse(a.at) - Date.parse(b.at);
