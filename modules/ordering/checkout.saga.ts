import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Decision, Reply } from '../../src/platform/index.js';
import { Saga } from '../../src/platform/index.js';
import { ReleaseStock, ReserveStock } from '../inventory/contracts/index.js';
import {
  PaymentCharged,
  PaymentDeclined,
  PaymentFailed,
  RequestCharge,
  ReverseCharge,
} from '../payments/contracts/index.js';
import { CancelOrder } from './cancel-order.js';
import { CheckoutFields, CheckoutStarted } from './checkout-started.js';
import { ConfirmOrder } from './confirm-order.js';
import { CancellationReason, OrderCancelled } from './contracts/index.js';

export const CheckoutState = CheckoutFields.extend({
  /** Kept until the payment is decided, no longer. */
  paymentToken: z.string().optional(),
  step: z.enum(['reserving', 'charging', 'confirming', 'confirmed', 'cancelling', 'cancelled']),
  reason: CancellationReason.optional(),
});
export type CheckoutState = z.output<typeof CheckoutState>;
type Step = CheckoutState['step'];
type Reason = z.output<typeof CancellationReason>;

/** The steps before the payment is decided. */
const NEEDS_TOKEN: readonly Step[] = ['reserving', 'charging'];

/** A step that has not answered for so long is asked again; all of them bear repetition. */
const STEP_TIMEOUT = { name: 'patience', afterMs: 15 * 60_000 };

/**
 * Place → reserve stock → charge → confirm; else release, refund, cancel.
 *
 * Time alone never cancels an order: our own downtime is no reason to. The stock, the provider's answer or silence, and
 * the customer decide.
 */
@Injectable()
export class Checkout extends Saga<CheckoutState> {
  constructor() {
    super('ordering.checkout', CheckoutState);
    const order = (event: { orderId: string }) => event.orderId;
    this.starts(CheckoutStarted, order, begin);
    this.onReply(ReserveStock, stockAnswered);
    this.onReply(RequestCharge, (state, reply) => (reply.ok ? {} : giveUp(state, 'charging', 'unavailable')));
    this.on(PaymentCharged, order, (state) => (state.step === 'charging' ? enter(state, 'confirming') : {}));
    this.on(PaymentDeclined, order, (state) => giveUp(state, 'charging', 'payment_declined'));
    this.on(PaymentFailed, order, (state) => giveUp(state, 'charging', 'payment_timeout'));
    this.onReply(ConfirmOrder, confirmationAnswered);
    this.on(OrderCancelled, order, undo);
    this.onTimeout(STEP_TIMEOUT.name, (state) => enter(state, state.step));
    this.onReply(CancelOrder, () => ({}));
    this.compensates(ReserveStock, ReleaseStock, ({ orderId }) => ({ orderId }));
    this.compensates(RequestCharge, ReverseCharge, ({ orderId }) => ({ orderId }));
    this.withoutCompensation(ConfirmOrder, 'The last step: nothing comes after it that could fail.');
    this.withoutCompensation(CancelOrder, 'It ends the order; the undoing of the other steps begins with it.');
  }
}

function begin({ orderId, lines, total, paymentToken }: CheckoutStarted) {
  return enter({ orderId, lines: [...lines], total, paymentToken, step: 'reserving' }, 'reserving');
}

/** Goes on to a step and sends its command. */
function enter(state: CheckoutState, step: Step, reason?: Reason) {
  const { paymentToken, ...rest } = state;
  const next = { ...rest, ...(NEEDS_TOKEN.includes(step) && { paymentToken }), step, ...(reason && { reason }) };
  const command = commandOf(next);
  return { state: next, send: command ? [command] : [], timeout: command ? STEP_TIMEOUT : null };
}

function commandOf({ step, orderId, lines, total, paymentToken, reason }: CheckoutState): object | undefined {
  if (step === 'reserving') return new ReserveStock({ orderId, lines });
  if (step === 'charging') return new RequestCharge({ orderId, ...total, paymentToken: paymentToken! });
  if (step === 'confirming') return new ConfirmOrder({ orderId });
  if (step === 'cancelling') return new CancelOrder({ orderId, reason: reason! });
  return undefined;
}

function stockAnswered(state: CheckoutState, reply: Reply): Decision<CheckoutState> {
  if (!reply.ok) return giveUp(state, 'reserving', reply.dead ? 'unavailable' : 'out_of_stock');
  return state.step === 'reserving' ? enter(state, 'charging') : {};
}

/** A refusal means that the order was cancelled meanwhile: its event is on the way. */
function confirmationAnswered(state: CheckoutState, reply: Reply): Decision<CheckoutState> {
  if (!reply.ok) return reply.dead ? giveUp(state, 'confirming', 'unavailable') : {};
  return state.step === 'confirming' ? { ...enter(state, 'confirmed'), done: true } : {};
}

/** The order is cancelled first; its event then undoes the steps, as it does when the customer cancels. */
function giveUp(state: CheckoutState, during: Step, reason: Reason): Decision<CheckoutState> {
  return state.step === during ? enter(state, 'cancelling', reason) : {};
}

/** Whoever cancelled, at whatever step: what was reserved is released, what was or will be charged is refunded. */
function undo(state: CheckoutState): Decision<CheckoutState> {
  return state.step === 'cancelled' ? {} : { ...enter(state, 'cancelled'), compensate: true, done: true };
}
