import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Reply } from '../../src/platform/index.js';
import { ReleaseStock, ReserveStock } from '../inventory/contracts/index.js';
import { PaymentCharged, PaymentFailed, RequestCharge, ReverseCharge } from '../payments/contracts/index.js';
import { CancelOrder } from './cancel-order.js';
import { CheckoutStarted } from './checkout-started.js';
import type { CheckoutState } from './checkout.saga.js';
import { Checkout } from './checkout.saga.js';
import { ConfirmOrder } from './confirm-order.js';
import { OrderCancelled } from './contracts/index.js';

const checkout = new Checkout();
const orderId = randomUUID();
const started = {
  orderId,
  lines: [{ sku: 'cup', quantity: 2 }],
  total: { amount: 500, currency: 'EUR' },
  paymentToken: 'tok',
};
const paid = { orderId, paymentId: randomUUID(), amount: 500, currency: 'EUR' };
const at = (step: CheckoutState['step']): CheckoutState => ({ ...started, step });
const ok: Reply = { ok: true, result: null };
const refused = (dead = false): Reply => ({
  ok: false,
  error: { kind: 'conflict', code: 'out_of_stock', message: 'No.', details: {} },
  ...(dead && { dead }),
});

const replied = (state: CheckoutState, to: { definition: { name: string } }, reply: Reply) =>
  checkout.decide(state, `${to.definition.name}.reply`, reply);
const heard = (state: CheckoutState | undefined, event: object) =>
  checkout.decide(state, (event.constructor as typeof OrderCancelled).definition.name, event);

describe('what the checkout decides', () => {
  it('begins with the stock', () => {
    const decision = heard(undefined, new CheckoutStarted(started));
    expect(decision.send).toEqual([new ReserveStock({ orderId, lines: started.lines })]);
    expect(decision.timeout).toEqual({ name: 'patience', afterMs: 900_000 });
  });

  it('goes from step to step with the answers', () => {
    expect(replied(at('reserving'), ReserveStock, ok).send).toEqual([
      new RequestCharge({ orderId, amount: 500, currency: 'EUR', paymentToken: 'tok' }),
    ]);
    expect(heard(at('charging'), new PaymentCharged(paid)).send).toEqual([new ConfirmOrder({ orderId })]);
    expect(replied(at('confirming'), ConfirmOrder, ok)).toMatchObject({ state: { step: 'confirmed' }, done: true });
  });

  it('forgets the payment token as soon as the payment is decided, or will not be made', () => {
    const without = (state: CheckoutState | undefined) => expect(state).not.toHaveProperty('paymentToken');
    expect(replied(at('reserving'), ReserveStock, ok).state).toMatchObject({ paymentToken: 'tok' });
    without(replied(at('reserving'), ReserveStock, refused()).state);
    without(heard(at('charging'), new PaymentCharged(paid)).state);
    without(heard(at('charging'), new PaymentFailed(paid)).state);
    without(heard(at('charging'), new OrderCancelled({ orderId, reason: 'requested' })).state);
  });

  it('tells a refusal from a step that was given up', () => {
    expect(replied(at('reserving'), ReserveStock, refused()).send).toEqual([
      new CancelOrder({ orderId, reason: 'out_of_stock' }),
    ]);
    expect(replied(at('reserving'), ReserveStock, refused(true)).send).toEqual([
      new CancelOrder({ orderId, reason: 'unavailable' }),
    ]);
  });

  it('undoes everything when the order is cancelled, at whatever step, once', () => {
    const cancelled = new OrderCancelled({ orderId, reason: 'requested' });
    for (const step of ['reserving', 'charging', 'confirming', 'confirmed', 'cancelling'] as const) {
      expect(heard(at(step), cancelled)).toMatchObject({ state: { step: 'cancelled' }, compensate: true, done: true });
    }
    expect(heard(at('cancelled'), cancelled)).toEqual({});
  });

  it('ignores answers that come late or twice', () => {
    expect(replied(at('charging'), ReserveStock, ok)).toEqual({});
    expect(heard(at('cancelled'), new PaymentCharged(paid))).toEqual({});
    expect(heard(at('confirmed'), new PaymentFailed(paid))).toEqual({});
    expect(replied(at('cancelled'), ConfirmOrder, refused())).toEqual({});
  });

  it('asks again when a step has not answered for long, and never cancels because of it', () => {
    expect(checkout.decideTimeout(at('charging'), 'patience')).toMatchObject({
      state: { step: 'charging' },
      send: [new RequestCharge({ orderId, amount: 500, currency: 'EUR', paymentToken: 'tok' })],
    });
  });

  it('knows how to undo its steps', () => {
    expect(checkout.compensation(ReserveStock.definition.name, at('charging'))).toEqual(new ReleaseStock({ orderId }));
    expect(checkout.compensation(RequestCharge.definition.name, at('charging'))).toEqual(
      new ReverseCharge({ orderId }),
    );
    expect(checkout.compensation(ConfirmOrder.definition.name, at('charging'))).toBeUndefined();
  });
});
