import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';
import { Conflict } from '../../src/platform/index.js';
import * as catalog from '../catalog/contracts/index.js';
import * as inventory from '../inventory/contracts/index.js';
import * as payments from '../payments/contracts/index.js';
import { CancelOrder } from './cancel-order.js';
import { OrderCancelled, OrderConfirmed } from './contracts/index.js';
import { GetOrder } from './get-order.js';
import { OrderingModule } from './ordering.module.js';
import { PlaceOrder } from './place-order.js';
import { RatingRequests } from './rating-requests.js';

const price = { amount: 1250, currency: 'EUR' };
const dear = { amount: 1_000_000_000, currency: 'EUR' };
const customer = { sub: 'alice', role: 'customer' };

describe('the checkout, with its neighbours scripted', () => {
  let scene: Scenario;

  beforeAll(async () => {
    scene = await scenario(OrderingModule, { neighbours: [catalog, inventory, payments] });
    scene.answer(catalog.FindProducts, ({ skus }) =>
      skus
        .filter((sku) => sku !== 'ghost')
        .map((sku) => ({ sku, name: `A ${sku}`, price: sku === 'yacht' ? dear : price })),
    );
    scene.answer(payments.RequestCharge, ({ orderId }) => ({ paymentId: orderId }));
    scene.answer(inventory.ReserveStock, ({ lines }) => {
      if (lines.some((line) => line.sku === 'sold-out'))
        throw new Conflict('out_of_stock', 'Sold out.', { skus: ['sold-out'] });
    });
  });
  afterAll(() => scene.close());

  const place = (sku = 'cup', quantity = 2) =>
    scene.execute(new PlaceOrder({ customerId: 'alice', paymentToken: 'tok', lines: [{ sku, quantity }] }), customer);
  const paid = (orderId: string) => ({ orderId, paymentId: orderId, amount: 2500, currency: 'EUR' });
  const status = async (orderId: string) => (await scene.execute(new GetOrder({ orderId }))).status;

  it('reserves, charges, and confirms', async () => {
    const { orderId } = await place();
    await scene.received(inventory.ReserveStock, { orderId, lines: [{ sku: 'cup', quantity: 2 }] });
    await scene.received(payments.RequestCharge, { orderId, amount: 2500, currency: 'EUR', paymentToken: 'tok' });
    expect(await status(orderId)).toBe('pending');
    await scene.publish(new payments.PaymentCharged(paid(orderId)));
    await scene.published(OrderConfirmed, { orderId });
    expect(await status(orderId)).toBe('confirmed');
  });

  it('cancels without charging when the stock does not suffice', async () => {
    const { orderId } = await place('sold-out');
    await scene.published(OrderCancelled, { orderId, reason: 'out_of_stock' });
    expect(scene.allReceived(payments.RequestCharge).filter((charge) => charge.orderId === orderId)).toEqual([]);
  });

  it.each([
    [payments.PaymentDeclined, 'payment_declined'],
    [payments.PaymentFailed, 'payment_timeout'],
  ] as const)('undoes everything after %p', async (Failure, reason) => {
    const { orderId } = await place();
    await scene.received(payments.RequestCharge, { orderId });
    await scene.publish(new Failure(paid(orderId)));
    await scene.published(OrderCancelled, { orderId, reason });
    await scene.received(payments.ReverseCharge, { orderId });
    await scene.received(inventory.ReleaseStock, { orderId });
  });

  it('undoes a confirmed order that is cancelled', async () => {
    const { orderId } = await place();
    await scene.received(payments.RequestCharge, { orderId });
    await scene.publish(new payments.PaymentCharged(paid(orderId)));
    await scene.published(OrderConfirmed, { orderId });
    await scene.execute(new CancelOrder({ orderId, reason: 'requested' }), customer);
    await scene.received(payments.ReverseCharge, { orderId });
    await scene.received(inventory.ReleaseStock, { orderId });
    expect(await status(orderId)).toBe('cancelled');
  });

  it('asks for a rating three days after the confirmation, unless the order was cancelled', async () => {
    const asked: string[] = [];
    scene.get(RatingRequests).ask = async (orderId) => void asked.push(orderId);
    const confirmed = async () => {
      const { orderId } = await place();
      await scene.received(payments.RequestCharge, { orderId });
      await scene.publish(new payments.PaymentCharged(paid(orderId)));
      await scene.published(OrderConfirmed, { orderId });
      return orderId;
    };
    const [cancelled, kept] = [await confirmed(), await confirmed()];
    await scene.execute(new CancelOrder({ orderId: cancelled, reason: 'requested' }), customer);
    await scene.passTime('71 hours');
    expect(asked).not.toContain(kept);
    await scene.passTime('1 hour');
    await scene.until(() => asked.includes(kept), 'the customer being asked');
    expect(asked).not.toContain(cancelled);
  });

  it('does not confirm an order that was cancelled while it was being charged', async () => {
    const { orderId } = await place();
    await scene.received(payments.RequestCharge, { orderId });
    await scene.execute(new CancelOrder({ orderId, reason: 'requested' }), customer);
    await scene.publish(new payments.PaymentCharged(paid(orderId)));
    await scene.received(payments.ReverseCharge, { orderId });
    expect(await status(orderId)).toBe('cancelled');
  });

  it('takes an order that costs more than any one product may', async () => {
    const { orderId } = await place('yacht', 1000);
    const total = { amount: 1_000_000_000_000, currency: 'EUR' };
    await scene.received(payments.RequestCharge, { orderId, ...total });
    expect(await scene.execute(new GetOrder({ orderId }))).toMatchObject({ total });
  });

  it('refuses products that do not exist, and leaves no order behind', async () => {
    await expect(place('ghost')).rejects.toMatchObject({ code: 'unknown_products', details: { skus: ['ghost'] } });
  });

  it('answers a repeated key with the same order, and another content with an error', async () => {
    const order = { customerId: 'alice', paymentToken: 'tok', lines: [{ sku: 'cup', quantity: 1 }] };
    const [first, second] = await Promise.all(
      [1, 2].map(() => scene.execute(new PlaceOrder(order), customer, 'key-1')),
    );
    expect(second).toEqual(first);
    const other = new PlaceOrder({ ...order, paymentToken: 'other' });
    await expect(scene.execute(other, customer, 'key-1')).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('keeps one row an instance, and finishes it', async () => {
    const { orderId } = await place();
    await scene.received(payments.RequestCharge, { orderId });
    await scene.publish(new payments.PaymentCharged(paid(orderId)));
    await eventually(async () => {
      const [saga] = await scene.sql<{ status: string; steps: unknown[] }>(
        'SELECT status, steps FROM saga WHERE id = $1',
        [orderId],
      );
      return saga!.status === 'done' && saga!.steps.length === 3;
    });
  });
});
