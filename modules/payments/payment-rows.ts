import type { EventBus } from '@nestjs/cqrs';
import type { Database } from '../../src/platform/index.js';
import type { Change, Payment } from './payment.js';

const PAYMENT = `payment_id AS "paymentId", order_id AS "orderId", amount::float8 AS amount, currency, status, attempts`;

/** Locks the payment of an order, decides, saves and publishes. The token is forgotten once it is of no more use. */
export async function changePayment(
  database: Database,
  events: EventBus,
  orderId: string,
  decide: (payment: Payment) => Change | undefined,
): Promise<void> {
  const text = `SELECT ${PAYMENT} FROM payment WHERE order_id = $1 FOR UPDATE`;
  const [payment] = await database.sql<Payment>(text, [orderId]);
  const change = decide(payment!);
  if (!change) return;
  await database.sql(
    'UPDATE payment SET status = $2, payment_token = NULL, changed_at = clock_timestamp() WHERE order_id = $1',
    [orderId, change.status],
  );
  events.publishAll([...change.events]);
}

export async function readPayment(database: Database, orderId: string): Promise<Payment> {
  const [payment] = await database.sql<Payment>(`SELECT ${PAYMENT} FROM payment WHERE order_id = $1`, [orderId]);
  return payment!;
}

/** One round of trying to charge. */
export interface Attempt extends Payment {
  readonly paymentToken: string;
  /** How long was tried before this attempt: milliseconds, see {@link endAttempt}. */
  readonly triedMs: number;
}

/**
 * Writes down that the provider is about to be called, before it is.
 * @returns `undefined` when the payment is no longer pending, and the provider must not be called
 */
export async function beginAttempt(database: Database, orderId: string): Promise<Attempt | undefined> {
  const [attempt] = await database.sql<Attempt>(
    `UPDATE payment SET attempts = attempts + 1, first_called_at = coalesce(first_called_at, clock_timestamp())
      WHERE order_id = $1 AND status = 'pending'
      RETURNING ${PAYMENT}, payment_token AS "paymentToken", tried_ms::float8 AS "triedMs"`,
    [orderId],
  );
  return attempt;
}

/**
 * Adds the time that an attempt without an answer took. Attempts that a crash cut short add nothing, nor does the time
 * until somebody takes them up again: the timeout measures the provider, not us.
 *
 * @param tookMs milliseconds, with the pause that follows
 * @param problem why there is no answer
 */
export async function endAttempt(database: Database, orderId: string, tookMs: number, problem: string): Promise<void> {
  await database.sql(
    `UPDATE payment SET tried_ms = tried_ms + $2, problem = $3 WHERE order_id = $1 AND status = 'pending'`,
    [orderId, Math.ceil(tookMs), problem],
  );
}
