export interface ChargeRequest {
  /** Idempotency key: whatever happens, at most one charge has it. */
  key: string;
  orderId: string;
  /** Minor units. */
  amount: number;
  currency: string;
  /** Stands for the customer's means of payment. */
  paymentToken: string;
}

/** `pending`: the provider has not decided yet. `refunded`: it was approved, and given back. */
export type ChargeStatus = 'pending' | 'approved' | 'declined' | 'refunded';

export interface ProviderCharge {
  status: ChargeStatus;
}

/**
 * The payment provider: an outside service that may be slow, silent or away. Every call ends when its signal aborts, at
 * the latest; what it then did or will do is unknown, and has to be found out.
 */
export abstract class PaymentProvider {
  /**
   * Charges, or answers what came of the first call with the same key.
   * @throws when there is no answer; the charge may exist nevertheless
   */
  abstract charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeStatus>;

  /** The charge with this key. @returns `undefined` when there is none, as yet @throws when there is no answer */
  abstract find(key: string, signal: AbortSignal): Promise<ProviderCharge | undefined>;

  /** Gives the whole charge back; repeating it changes nothing. @throws when it is not approved, or there is no answer */
  abstract refund(key: string, signal: AbortSignal): Promise<void>;
}
