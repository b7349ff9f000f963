import { PaymentCharged, PaymentDeclined, PaymentFailed, PaymentRefunded } from './contracts/index.js';
import { ReversalRequested } from './intents.js';

/**
 * `averted`: reversed before it was ever requested; will not be charged, and is shown to nobody.
 * `reversing`: charged, and to be refunded; shown as charged until the provider has done it.
 * `failed`: given up. Whatever was charged nevertheless is refunded when it surfaces.
 */
export type PaymentStatus = 'averted' | 'pending' | 'charged' | 'reversing' | 'declined' | 'failed' | 'refunded';

export interface Payment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: PaymentStatus;
  /** How often the provider was, or was about to be, called. */
  readonly attempts: number;
}

/** How an attempt to charge ended; `failed`: nobody knows, and the time is up. */
export type Outcome = 'charged' | 'declined' | 'failed';

export interface Change {
  readonly status: PaymentStatus;
  readonly events: readonly object[];
}

/**
 * Takes note of how the charge ended.
 * @returns `undefined` when that changes nothing
 */
export function settle(payment: Payment, outcome: Outcome): Change | undefined {
  if (payment.status === 'failed' && outcome === 'charged') return { status: 'failed', events: [reversalOf(payment)] };
  if (payment.status !== 'pending') return undefined;
  if (outcome === 'charged') return { status: 'charged', events: [new PaymentCharged(fieldsOf(payment))] };
  if (outcome === 'declined') return { status: 'declined', events: [new PaymentDeclined(fieldsOf(payment))] };
  return givenUp(payment);
}

/**
 * Makes sure that nothing stays charged.
 * @returns `undefined` when nothing is, or it is seen to already
 */
export function reverse(payment: Payment): Change | undefined {
  if (payment.status === 'pending') return givenUp(payment);
  if (payment.status === 'charged') return { status: 'reversing', events: [reversalOf(payment)] };
  return undefined;
}

/** The provider has refunded it. @returns `undefined` when that is known */
export function refunded(payment: Payment): Change | undefined {
  if (!toBeRefunded(payment)) return undefined;
  return { status: 'refunded', events: [new PaymentRefunded(fieldsOf(payment))] };
}

/** Whether a charge that the provider has for this payment is to be refunded. */
export const toBeRefunded = ({ status }: Payment): boolean => status === 'reversing' || status === 'failed';

/** Given up. A provider that was never called has nothing that could surface. */
function givenUp(payment: Payment): Change {
  const failed = new PaymentFailed(fieldsOf(payment));
  return { status: 'failed', events: payment.attempts > 0 ? [failed, reversalOf(payment)] : [failed] };
}

const reversalOf = ({ orderId }: Payment) => new ReversalRequested({ orderId });

const fieldsOf = ({ paymentId, orderId, amount, currency }: Payment) => ({ paymentId, orderId, amount, currency });
