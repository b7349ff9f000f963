import { describe, expect, it } from '@jest/globals';
import type { OrderLine } from './contracts/index.js';
import type { OrderState } from './order.js';
import { cancel, confirm, totalOf } from './order.js';

const line = (amount: number, quantity: number, currency = 'EUR'): OrderLine => ({
  sku: `sku-${amount}`,
  name: 'Thing',
  quantity,
  unitPrice: { amount, currency },
});
const order = (status: OrderState['status']): OrderState => ({
  status,
  reason: status === 'cancelled' ? 'requested' : null,
});

describe('the total of an order', () => {
  it('adds up quantities and prices in minor units', () => {
    expect(totalOf([line(250, 3), line(1, 1000)])).toEqual({ amount: 1750, currency: 'EUR' });
  });

  it('is refused for lines in several currencies', () => {
    expect(() => totalOf([line(1, 1), line(2, 1, 'USD')])).toThrow(
      expect.objectContaining({ code: 'mixed_currencies', details: { currencies: ['EUR', 'USD'] } }),
    );
  });
});

describe('an order', () => {
  it('is confirmed once', () => {
    expect(confirm(order('pending'))).toEqual({ status: 'confirmed', reason: null });
    expect(confirm(order('confirmed'))).toBeUndefined();
  });

  it('is not confirmed any more when it was cancelled', () => {
    expect(() => confirm(order('cancelled'))).toThrow(expect.objectContaining({ code: 'order_cancelled' }));
  });

  it('can be cancelled while pending and when confirmed, and keeps its first reason', () => {
    expect(cancel(order('pending'), 'out_of_stock')).toEqual({ status: 'cancelled', reason: 'out_of_stock' });
    expect(cancel(order('confirmed'), 'requested')).toEqual({ status: 'cancelled', reason: 'requested' });
    expect(cancel(order('cancelled'), 'payment_declined')).toBeUndefined();
  });
});
