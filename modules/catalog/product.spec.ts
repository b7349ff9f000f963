import { describe, expect, it } from '@jest/globals';
import { changed, ProductName } from './product.js';

const kettle = { sku: 'kettle', name: 'Kettle', price: { amount: 6490, currency: 'EUR' } };

describe('a change of a product', () => {
  it('replaces what is named and keeps the rest', () => {
    expect(changed(kettle, { name: 'Gooseneck kettle' })).toEqual({ ...kettle, name: 'Gooseneck kettle' });
    const price = { amount: 5990, currency: 'EUR' };
    expect(changed(kettle, { price })).toEqual({ ...kettle, price });
  });

  it('takes another currency for another price', () => {
    const price = { amount: 6490, currency: 'CHF' };
    expect(changed(kettle, { price })).toEqual({ ...kettle, price });
  });

  it('gives back the same product when nothing is different', () => {
    expect(changed(kettle, { name: 'Kettle', price: { amount: 6490, currency: 'EUR' } })).toBe(kettle);
    expect(changed(kettle, {})).toBe(kettle);
  });
});

describe('the name of a product', () => {
  it.each(['', '   ', 'x'.repeat(201), 'a\u0000b', 'a\ud800b', 'two\nlines'])('is not %j', (name) => {
    expect(ProductName.safeParse(name).success).toBe(false);
  });

  it('may be written in any script', () => {
    expect(ProductName.parse('Kaffeemühle ☕ 咖啡')).toBe('Kaffeemühle ☕ 咖啡');
  });
});
