import { describe, expect, it } from '@jest/globals';
import { Adjustment } from './adjust-stock.js';

describe('an adjustment', () => {
  it.each([1, -1, 1_000_000, -1_000_000])('may be by %d', (delta) => {
    expect(Adjustment.parse({ delta, reason: 'count' })).toEqual({ delta, reason: 'count' });
  });

  it.each([
    ['delta', { delta: 0, reason: 'count' }],
    ['delta', { delta: 0.5, reason: 'count' }],
    ['delta', { delta: 1_000_001, reason: 'count' }],
    ['delta', { delta: '5', reason: 'count' }],
    ['reason', { delta: 5, reason: '' }],
    ['reason', { delta: 5, reason: 'x'.repeat(201) }],
    ['reason', { delta: 5, reason: 'a\u0000b' }],
    ['reason', { delta: 5 }],
    ['', { delta: 5, reason: 'count', sku: 'kettle' }],
  ])('is refused for its %s: %j', (field, body) => {
    expect(Adjustment.safeParse(body).error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
  });
});
