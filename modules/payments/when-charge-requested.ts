import type { IEventHandler } from '@nestjs/cqrs';
import { CommandBus, EventsHandler } from '@nestjs/cqrs';
import { Database, RetryLater, Subscription } from '../../src/platform/index.js';
import { ChargeRequested } from './intents.js';
import type { Attempt } from './payment-rows.js';
import { beginAttempt, endAttempt } from './payment-rows.js';
import type { Outcome } from './payment.js';
import { PaymentsConfig } from './payments.config.js';
import type { ProviderCharge } from './provider/payment-provider.js';
import { PaymentProvider } from './provider/payment-provider.js';
import { SettlePayment } from './settle-payment.js';

/** The provider's time for one call, in milliseconds. Together much less than the lease of a message. */
const CALL_TIMEOUT_MS = { charge: 5000, find: 2000 };
const PAUSE = { first: 200, longest: 1000 };

/**
 * Charges at the provider, with the payment's id as idempotency key, until it answers or the time is up.
 *
 * A call that broke off may have charged: the charge is looked for before anything else is done. The last look comes
 * after the time is up, so that however long we were down, nothing is given up unseen.
 */
@EventsHandler(ChargeRequested)
@Subscription({ name: 'charge-at-provider', external: true })
export class WhenChargeRequested implements IEventHandler<ChargeRequested> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
    private readonly provider: PaymentProvider,
    private readonly config: PaymentsConfig,
  ) {}

  async handle({ orderId }: ChargeRequested): Promise<void> {
    const attempt = await beginAttempt(this.database, orderId);
    if (!attempt) return;
    const since = performance.now();
    const remainingMs = this.config.PAYMENT_TIMEOUT_MS - attempt.triedMs;
    const answer = await this.#ask(attempt, remainingMs).catch((error: Error) => ({ problem: error.message }));
    if ('outcome' in answer) await this.#settle(orderId, answer.outcome);
    else await this.#goOn(attempt, remainingMs, performance.now() - since, answer.problem);
  }

  /** @throws whatever keeps the provider from being asked: then nothing is known */
  async #ask(attempt: Attempt, remainingMs: number): Promise<Answer> {
    const found = attempt.attempts > 1 ? await this.#find(attempt) : undefined;
    if (found) return answerOf(found);
    if (remainingMs <= 0) return { problem: 'the provider knows of no charge' };
    const { paymentId: key, orderId, amount, currency, paymentToken } = attempt;
    const signal = AbortSignal.timeout(Math.ceil(Math.min(CALL_TIMEOUT_MS.charge, remainingMs)));
    try {
      const status = await this.provider.charge({ key, orderId, amount, currency, paymentToken }, signal);
      return answerOf({ status });
    } catch (error) {
      const charge = await this.#find(attempt);
      return charge ? answerOf(charge) : { problem: (error as Error).message };
    }
  }

  async #find({ paymentId }: Attempt): Promise<ProviderCharge | undefined> {
    return await this.provider.find(paymentId, AbortSignal.timeout(CALL_TIMEOUT_MS.find));
  }

  async #goOn({ orderId, attempts }: Attempt, remainingMs: number, tookMs: number, problem: string) {
    const leftMs = Math.max(0, remainingMs - tookMs);
    const pauseMs = Math.min(leftMs, PAUSE.longest, PAUSE.first * 2 ** Math.min(attempts - 1, 10));
    await endAttempt(this.database, orderId, tookMs + pauseMs, problem);
    if (leftMs === 0) return await this.#settle(orderId, 'failed');
    throw new RetryLater(Math.ceil(pauseMs), `the provider: ${problem}`);
  }

  async #settle(orderId: string, outcome: Outcome): Promise<void> {
    await this.commands.execute(new SettlePayment({ orderId, outcome }));
  }
}

/** A payment that somebody has refunded at the provider in the meantime has failed; the refund is then recorded. */
const OUTCOMES = { approved: 'charged', declined: 'declined', refunded: 'failed' } as const;

type Answer = { outcome: Outcome } | { problem: string };

function answerOf({ status }: ProviderCharge): Answer {
  if (status === 'pending') return { problem: 'it has not decided yet' };
  return { outcome: OUTCOMES[status] };
}
