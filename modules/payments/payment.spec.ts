import { describe, expect, it } from '@jest/globals';
import { PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded } from './contracts/index.js';
import { ReversalRequested } from './intents.js';
import type { Change, Outcome, Payment, PaymentStatus } from './payment.js';
import { refunded, reverse, settle } from './payment.js';

const paymentId = '6b8b4567-327b-43c6-a437-1a1c5c1f0e53';
const orderId = '2f1e9a4c-7d0b-4f6e-8a83-9b1f0c7d5e21';

const payment = (status: PaymentStatus, attempts = 1): Payment => ({
  paymentId,
  orderId,
  amount: 2500,
  currency: 'EUR',
  status,
  attempts,
});

const told = (change: Change | undefined) =>
  change && [change.status, ...change.events.map((event) => Object.getPrototypeOf(event).constructor)];

describe('a pending payment', () => {
  it.each<[Outcome, unknown[]]>([
    ['charged', ['charged', PaymentCharged]],
    ['declined', ['declined', PaymentDeclined]],
    ['failed', ['failed', PaymentFailed, ReversalRequested]],
  ])('a payment that ends %s says so', (outcome, change) => {
    expect(told(settle(payment('pending'), outcome))).toEqual(change);
  });

  it('tells which order was charged how much', () => {
    expect({ ...settle(payment('pending'), 'charged')!.events[0] }).toEqual({
      paymentId,
      orderId,
      amount: 2500,
      currency: 'EUR',
    });
  });

  it('is given up when it is reversed, and watched for what surfaces', () => {
    expect(told(reverse(payment('pending')))).toEqual(['failed', PaymentFailed, ReversalRequested]);
  });

  it('needs no watching when it is reversed before the provider was called', () => {
    expect(told(reverse(payment('pending', 0)))).toEqual(['failed', PaymentFailed]);
  });
});

describe('a charged payment', () => {
  it('is refunded at the provider before it is called refunded', () => {
    expect(told(reverse(payment('charged')))).toEqual(['reversing', ReversalRequested]);
    expect(told(refunded(payment('reversing')))).toEqual(['refunded', PaymentRefunded]);
  });

  it.each<Outcome>(['charged', 'declined', 'failed'])('is not touched by hearing "%s" late', (outcome) => {
    expect(settle(payment('charged'), outcome)).toBeUndefined();
    expect(settle(payment('reversing'), outcome)).toBeUndefined();
  });
});

describe('a failed payment', () => {
  it('has a charge that surfaces refunded', () => {
    expect(told(settle(payment('failed'), 'charged'))).toEqual(['failed', ReversalRequested]);
    expect(told(refunded(payment('failed')))).toEqual(['refunded', PaymentRefunded]);
  });

  it('stays failed when it is declined late', () => {
    expect(settle(payment('failed'), 'declined')).toBeUndefined();
  });
});

describe('a reversal', () => {
  it.each<PaymentStatus>(['averted', 'reversing', 'declined', 'failed', 'refunded'])(
    'changes nothing about a payment that is %s',
    (status) => {
      expect(reverse(payment(status))).toBeUndefined();
    },
  );
});

describe('a refund', () => {
  it.each<PaymentStatus>(['averted', 'pending', 'charged', 'declined', 'refunded'])(
    'is not recorded for a payment that is %s',
    (status) => {
      expect(refunded(payment(status))).toBeUndefined();
    },
  );
});
