import { describe, expect, it } from '@jest/globals';
import { Changes, NewProduct } from './catalog.http.js';

const price = { amount: 6490, currency: 'EUR' };
const kettle = { sku: 'kettle', name: 'Kettle', price };

const wrong = (parsed: { error?: { issues: { path: PropertyKey[]; keys?: string[] }[] } | undefined }) =>
  parsed.error?.issues.map(({ path, keys = [] }) => [...path, ...keys].join('.'));

describe('a new product', () => {
  it('is sku, name and price', () => {
    expect(NewProduct.parse(kettle)).toEqual(kettle);
  });

  it('loses the space around its name', () => {
    expect(NewProduct.parse({ ...kettle, name: ' Kettle ' })).toEqual(kettle);
  });

  it.each([
    ['sku', { ...kettle, sku: 'no spaces' }],
    ['sku', { ...kettle, sku: '-kettle' }],
    ['name', { ...kettle, name: '' }],
    ['price.amount', { ...kettle, price: { ...price, amount: 64.9 } }],
    ['price.amount', { ...kettle, price: { ...price, amount: -1 } }],
    ['price.currency', { ...kettle, price: { ...price, currency: 'euro' } }],
    ['price.vat', { ...kettle, price: { ...price, vat: 19 } }],
    ['colour', { ...kettle, colour: 'black' }],
  ])('is refused for its %s', (field, body) => {
    expect(wrong(NewProduct.safeParse(body))).toEqual([field]);
  });
});

describe('changes of a product', () => {
  it('are a name, a price or both', () => {
    for (const body of [{ name: 'K' }, { price }, { name: 'K', price }]) expect(Changes.parse(body)).toEqual(body);
  });

  it('are refused when there are none, or unknown ones', () => {
    expect(Changes.safeParse({}).success).toBe(false);
    expect(wrong(Changes.safeParse({ name: 'K', sku: 'other' }))).toEqual(['sku']);
  });
});
