import { setTimeout as delay } from 'node:timers/promises';
import type { ChargeRequest, ChargeStatus, ProviderCharge } from './payment-provider.js';
import { PaymentProvider } from './payment-provider.js';
import type { Entry } from './provider-ledger.js';
import { ProviderLedger } from './provider-ledger.js';

const APPROVED = new Set(['tok_approve', 'tok_slow', 'tok_flaky', 'tok_unknown_outcome']);
const FLAKY_CALLS = 2;
/** As long as a timer can be: until the caller hangs up. */
const FOREVER_MS = 2 ** 31 - 1;

/** Milliseconds that things take; tests make them short. */
export interface Durations {
  /** Until `tok_slow` is approved. */
  slowMs: number;
  /** Until a call that never answers breaks off, if its caller has not hung up before. */
  silentMs: number;
}

/**
 * An outside payment service, simulated: the payment token says how it behaves, any unknown one is declined. What it has
 * charged is in a {@link ProviderLedger}; it keeps nothing in memory.
 */
export class SimulatedProvider extends PaymentProvider {
  constructor(
    private readonly ledger: ProviderLedger,
    private readonly durations: Durations = { slowMs: 3000, silentMs: 1000 },
  ) {
    super();
  }

  async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeStatus> {
    const { key, paymentToken } = request;
    signal.throwIfAborted();
    if (paymentToken === 'tok_never') await silence(FOREVER_MS, signal);
    if (paymentToken === 'tok_flaky' && (await this.ledger.isAmongFirst(FLAKY_CALLS, key)))
      throw new Error('503 Service Unavailable');
    const entry = await this.ledger.enter(this.#decide(request));
    if (paymentToken === 'tok_unknown_outcome') await silence(this.durations.silentMs, signal);
    const restMs = Date.parse(entry.settlesAt) - Date.now();
    // A timer may be a millisecond early.
    if (restMs > 0) await delay(restMs + 1, undefined, { signal });
    return (await this.ledger.charge(key))!.status;
  }

  async find(key: string, signal: AbortSignal): Promise<ProviderCharge | undefined> {
    signal.throwIfAborted();
    return await this.ledger.charge(key);
  }

  async refund(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.ledger.refund(key);
  }

  #decide({ key, orderId, amount, currency, paymentToken }: ChargeRequest): Entry {
    const now = Date.now();
    const decision = APPROVED.has(paymentToken) ? 'approved' : 'declined';
    const settlesAt = now + (paymentToken === 'tok_slow' ? this.durations.slowMs : 0);
    return { key, orderId, amount, currency, decision, createdAt: iso(now), settlesAt: iso(settlesAt) };
  }
}

async function silence(ms: number, signal: AbortSignal): Promise<never> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  throw new Error('no answer in time');
}

const iso = (at: number) => new Date(at).toISOString();
