import type { IEventHandler } from '@nestjs/cqrs';
import { CommandBus, EventsHandler } from '@nestjs/cqrs';
import { currentMessage, Database, RetryLater, Subscription } from '../../src/platform/index.js';
import { ReversalRequested } from './intents.js';
import { readPayment } from './payment-rows.js';
import type { Payment } from './payment.js';
import { toBeRefunded } from './payment.js';
import type { ChargeStatus } from './provider/payment-provider.js';
import { PaymentProvider } from './provider/payment-provider.js';
import { RecordRefund } from './record-refund.js';

/** The provider's time for one call, in milliseconds. */
const CALL_TIMEOUT_MS = 5000;
/** For so long a charge may surface after it was given up. */
export const WATCH_MS = 15 * 60_000;
const PAUSE = { shortest: 250, longest: 60_000 };

/**
 * Refunds what is charged, also when it surfaces only after the payment was given up.
 *
 * It looks every quarter of a second at first, every minute in the end; a refund that the provider refuses is tried for
 * some two hours before it becomes a dead letter.
 */
@EventsHandler(ReversalRequested)
@Subscription({ name: 'refund-at-provider', external: true, retry: { attempts: 40, baseMs: 500, maxMs: 300_000 } })
export class WhenReversalRequested implements IEventHandler<ReversalRequested> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
    private readonly provider: PaymentProvider,
  ) {}

  async handle({ orderId }: ReversalRequested): Promise<void> {
    const payment = await readPayment(this.database, orderId);
    if (!toBeRefunded(payment)) return;
    const charge = await this.provider.find(payment.paymentId, AbortSignal.timeout(CALL_TIMEOUT_MS));
    const step = nextStep(payment.status, charge?.status, ageMs());
    if (typeof step === 'object') throw new RetryLater(step.waitMs, 'a charge that may surface');
    if (step === 'stop') return;
    if (step === 'refund') await this.provider.refund(payment.paymentId, AbortSignal.timeout(CALL_TIMEOUT_MS));
    await this.commands.execute(new RecordRefund({ orderId }));
  }
}

/**
 * What follows from a look at the provider.
 *
 * @param charge what it knows of; `undefined`: nothing
 * @param age milliseconds since the reversal was requested
 * @throws when it denies a charge that it approved: that is for a person to clear up
 */
export function nextStep(status: Payment['status'], charge: ChargeStatus | undefined, age: number) {
  if (charge === 'approved') return 'refund';
  if (charge === 'refunded') return 'record';
  if (charge === 'pending') return { waitMs: pauseAt(age) };
  if (status === 'reversing')
    throw new Error(`The provider had approved a charge that is now ${charge ?? 'unknown'} to it.`);
  return charge === 'declined' || age >= WATCH_MS ? 'stop' : { waitMs: pauseAt(age) };
}

/** Half of the time gone by, so that what surfaces soon is refunded soon. */
const pauseAt = (age: number) => Math.round(Math.min(PAUSE.longest, Math.max(PAUSE.shortest, age / 2)));

const ageMs = () => Date.now() - Date.parse(currentMessage()!.occurredAt!);
