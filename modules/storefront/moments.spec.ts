import { describe, expect, it } from '@jest/globals';
import { momentOf, timeline } from './moments.js';

const at = (second: number) => new Date(Date.UTC(2025, 0, 1, 12, 0, second)).toISOString();

describe('the timeline of an order', () => {
  it('is the same whichever producer is heard first', () => {
    const order = { order_placed: at(0), order_confirmed: at(2) };
    const payment = { payment_charged: at(1) };
    const expected = [
      { event: 'order_placed', at: at(0) },
      { event: 'payment_charged', at: at(1) },
      { event: 'order_confirmed', at: at(2) },
    ];
    expect(timeline(order, payment)).toEqual(expected);
    expect(timeline(payment, order)).toEqual(expected);
  });

  it('goes by time, not by the usual course', () => {
    const events = timeline(
      { order_cancelled: at(1), order_placed: at(0) },
      { payment_failed: at(2), payment_refunded: at(3) },
    );
    expect(events.map(({ event }) => event)).toEqual([
      'order_placed',
      'order_cancelled',
      'payment_failed',
      'payment_refunded',
    ]);
  });

  it('keeps the usual course within one millisecond', () => {
    const events = timeline({ order_confirmed: at(0), order_placed: at(0) }, { payment_charged: at(0) });
    expect(events.map(({ event }) => event)).toEqual(['order_placed', 'payment_charged', 'order_confirmed']);
  });

  it('is empty before anything was heard', () => {
    expect(timeline({}, {})).toEqual([]);
  });
});

describe('a moment', () => {
  it('a moment outside of any message is now', () => {
    const before = Date.now();
    const at = Date.parse(momentOf('order_placed').order_placed!);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });
});
