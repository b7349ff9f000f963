import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../src/platform/index.js';
import { adjusted, levelOf, released, reserved } from './stock.js';

const kettle = { sku: 'kettle', onHand: 10, reserved: 4 };
const scale = { sku: 'scale', onHand: 3, reserved: 0 };

const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return [error.kind, error.code, error.details];
    throw error;
  }
  return undefined;
};

describe('a stock level', () => {
  it('has available what is on hand and not reserved', () => {
    expect(levelOf(kettle)).toEqual({ sku: 'kettle', onHand: 10, reserved: 4, available: 6 });
  });
});

describe('an adjustment', () => {
  it('adds and takes away down to what is reserved', () => {
    expect(adjusted(kettle, 5).onHand).toBe(15);
    expect(adjusted(kettle, -6)).toEqual({ sku: 'kettle', onHand: 4, reserved: 4 });
  });

  it('is refused when it would take what is held for orders', () => {
    const details = { sku: 'kettle', available: 6 };
    expect(refusal(() => adjusted(kettle, -7))).toEqual(['conflict', 'insufficient_stock', details]);
  });
});

describe('a reservation', () => {
  it('holds all lines, to the last piece', () => {
    const lines = [
      { sku: 'scale', quantity: 3 },
      { sku: 'kettle', quantity: 1 },
    ];
    expect(reserved([kettle, scale], lines)).toEqual([
      { ...kettle, reserved: 5 },
      { ...scale, reserved: 3 },
    ]);
  });

  it('is refused as a whole, naming every SKU of which there is not enough', () => {
    const lines = [
      { sku: 'scale', quantity: 1 },
      { sku: 'kettle', quantity: 7 },
      { sku: 'unheard-of', quantity: 1 },
    ];
    const details = { skus: ['kettle', 'unheard-of'] };
    expect(refusal(() => reserved([kettle, scale], lines))).toEqual(['conflict', 'out_of_stock', details]);
  });

  it('adds up lines of the same SKU', () => {
    const twice = [
      { sku: 'scale', quantity: 2 },
      { sku: 'scale', quantity: 2 },
    ];
    expect(refusal(() => reserved([scale], twice))).toEqual(['conflict', 'out_of_stock', { skus: ['scale'] }]);
  });

  it('comes to nothing when it is released', () => {
    const lines = [
      { sku: 'kettle', quantity: 2 },
      { sku: 'kettle', quantity: 1 },
      { sku: 'scale', quantity: 3 },
    ];
    expect(released(reserved([kettle, scale], lines), lines)).toEqual([kettle, scale]);
  });
});
