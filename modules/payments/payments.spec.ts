import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';
import {
  PaymentCharged,
  PaymentDeclined,
  PaymentFailed,
  PaymentRefunded,
  RequestCharge,
  ReverseCharge,
} from './contracts/index.js';
import { ChargeRequested, ReversalRequested } from './intents.js';
import { ListPayments } from './list-payments.js';
import { PaymentsModule } from './payments.module.js';
import { ProviderLedger } from './provider/provider-ledger.js';

const TIMEOUT_MS = 2000;

describe('payments', () => {
  let dataDir: string;
  let scene: Scenario;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'payments-'));
    scene = await scenario(PaymentsModule, { env: { DATA_DIR: dataDir, PAYMENT_TIMEOUT_MS: String(TIMEOUT_MS) } });
  });
  afterAll(async () => {
    await scene.close();
    await rm(dataDir, { recursive: true });
  });

  async function request(paymentToken: string, orderId: string = randomUUID()) {
    const { paymentId } = await scene.execute(
      new RequestCharge({ orderId, amount: 2500, currency: 'EUR', paymentToken }),
    );
    return { paymentId, orderId };
  }
  const reverse = (orderId: string) => scene.execute(new ReverseCharge({ orderId }));
  const payments = (orderId: string) => scene.execute(new ListPayments({ orderId }));
  const status = async (orderId: string) => (await payments(orderId))[0]?.status;
  const becomes = (orderId: string, wanted: string) =>
    eventually(async () => (await status(orderId)) === wanted, wanted);
  const charges = (orderId: string) => scene.get(ProviderLedger).charges(orderId);
  const settled = (orderId: string) =>
    eventually(
      async () => (await scene.sql('SELECT FROM parked_message WHERE key = $1', [`payments/${orderId}`])).length === 0,
    );
  const count = async (type: Parameters<Scenario['allPublished']>[0], orderId: string) =>
    (await scene.allPublished(type)).filter((event) => (event as { orderId: string }).orderId === orderId).length;

  it.each(['tok_approve', 'tok_flaky', 'tok_unknown_outcome'])('charges %s once', async (token) => {
    const { orderId, paymentId } = await request(token);
    await scene.published(PaymentCharged, { orderId, paymentId, amount: 2500, currency: 'EUR' });
    expect(await charges(orderId)).toMatchObject([
      { key: paymentId, amount: 2500, status: 'approved', refundedAmount: 0 },
    ]);
    const createdAt = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(await payments(orderId)).toEqual([
      { paymentId, orderId, amount: 2500, currency: 'EUR', status: 'charged', createdAt },
    ]);
  });

  it('changes nothing when it is requested again', async () => {
    const { orderId, paymentId } = await request('tok_approve');
    expect(await request('tok_decline', orderId)).toEqual({ orderId, paymentId });
    await becomes(orderId, 'charged');
    expect(await request('tok_decline', orderId)).toEqual({ orderId, paymentId });
    await settled(orderId);
    expect(await count(PaymentCharged, orderId)).toBe(1);
    expect(await count(ChargeRequested, orderId)).toBe(1);
  });

  it('has one payment an order, however many request it at the same time', async () => {
    const orderId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => request('tok_approve', orderId)));
    expect(new Set(answers.map(({ paymentId }) => paymentId)).size).toBe(1);
    await becomes(orderId, 'charged');
    expect(await charges(orderId)).toHaveLength(1);
  });

  it('says that it was declined', async () => {
    const { orderId } = await request('tok_decline');
    await scene.published(PaymentDeclined, { orderId });
    await reverse(orderId);
    expect(await status(orderId)).toBe('declined');
  });

  it('forgets the token when it is of no more use', async () => {
    const { orderId } = await request('tok_approve');
    await becomes(orderId, 'charged');
    expect(await scene.sql('SELECT payment_token AS token FROM payment WHERE order_id = $1', [orderId])).toEqual([
      { token: null },
    ]);
    const said = await scene.sql<{ said: string }>('SELECT payload::text AS said FROM outbox');
    expect(said.filter((row) => row.said.includes('tok_'))).toEqual([]);
  });

  it('refunds a charge that is reversed, once', async () => {
    const { orderId } = await request('tok_approve');
    await becomes(orderId, 'charged');
    await Promise.all([reverse(orderId), reverse(orderId)]);
    await scene.published(PaymentRefunded, { orderId });
    await reverse(orderId);
    await settled(orderId);
    expect(await charges(orderId)).toMatchObject([{ status: 'refunded', refundedAmount: 2500 }]);
    expect([await count(ReversalRequested, orderId), await count(PaymentRefunded, orderId)]).toEqual([1, 1]);
    expect(await status(orderId)).toBe('refunded');
  });

  it('does not charge what was reversed before it was requested', async () => {
    const orderId = randomUUID();
    await reverse(orderId);
    await reverse(orderId);
    expect(await payments(orderId)).toEqual([]);
    const { paymentId } = await request('tok_approve', orderId);
    await scene.published(PaymentFailed, { orderId, paymentId });
    await reverse(orderId);
    expect(await status(orderId)).toBe('failed');
    expect(await count(ChargeRequested, orderId)).toBe(0);
    expect(await charges(orderId)).toEqual([]);
  });

  it('gives up when the provider never answers', async () => {
    const { orderId } = await request('tok_never');
    await scene.published(PaymentFailed, { orderId });
    expect(await charges(orderId)).toEqual([]);
  });

  it('refunds charges that surface after they were given up or reversed', async () => {
    const timedOut = await request('tok_slow');
    const cancelled = await request('tok_slow');
    await eventually(async () => (await charges(cancelled.orderId)).length === 1);
    await reverse(cancelled.orderId);
    for (const { orderId } of [timedOut, cancelled]) {
      await scene.published(PaymentFailed, { orderId });
      await scene.published(PaymentRefunded, { orderId });
      expect(await charges(orderId)).toMatchObject([{ status: 'refunded', refundedAmount: 2500 }]);
      expect(await count(PaymentCharged, orderId)).toBe(0);
    }
  });

  describe('after a long downtime', () => {
    /** As a process left it that was killed an hour ago, after it had tried for `triedMs`. */
    async function left(paymentToken: string, triedMs: number) {
      const orderId = randomUUID();
      const [row] = await scene.sql<{ paymentId: string }>(
        `INSERT INTO payment (order_id, status, amount, currency, payment_token, attempts, first_called_at, tried_ms)
         VALUES ($1, 'pending', 2500, 'EUR', $2, 1, now() - interval '1 hour', $3) RETURNING payment_id AS "paymentId"`,
        [orderId, paymentToken, triedMs],
      );
      return { orderId, paymentId: row!.paymentId };
    }

    it('goes on trying, as if it had not been away', async () => {
      const { orderId } = await left('tok_flaky', 100);
      await scene.publish(new ChargeRequested({ orderId }));
      await scene.published(PaymentCharged, { orderId });
    });

    it('looks for the charge before it gives up', async () => {
      const [charged, unheard] = [await left('tok_approve', TIMEOUT_MS), await left('tok_approve', TIMEOUT_MS)];
      const at = new Date().toISOString();
      const entry = { orderId: charged.orderId, amount: 2500, currency: 'EUR', createdAt: at, settlesAt: at };
      await scene.get(ProviderLedger).enter({ key: charged.paymentId, decision: 'approved', ...entry });
      await scene.publish(
        new ChargeRequested({ orderId: charged.orderId }),
        new ChargeRequested({ orderId: unheard.orderId }),
      );
      await scene.published(PaymentCharged, { orderId: charged.orderId });
      await scene.published(PaymentFailed, { orderId: unheard.orderId });
      expect(await charges(unheard.orderId)).toEqual([]);
    });

    it('finds that a refund was made, and does not make it again', async () => {
      const { orderId, paymentId } = await request('tok_approve');
      await becomes(orderId, 'charged');
      await scene.get(ProviderLedger).refund(paymentId);
      await reverse(orderId);
      await scene.publish(new ReversalRequested({ orderId }));
      await scene.published(PaymentRefunded, { orderId });
      expect(await count(PaymentRefunded, orderId)).toBe(1);
    });
  });
});
