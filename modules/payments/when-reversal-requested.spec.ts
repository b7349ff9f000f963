import { describe, expect, it } from '@jest/globals';
import { nextStep, WATCH_MS } from './when-reversal-requested.js';

describe('the watch over a payment that was given up', () => {
  it('refunds what surfaces, however late', () => {
    expect(nextStep('failed', 'approved', 0)).toBe('refund');
    expect(nextStep('failed', 'approved', 10 * WATCH_MS)).toBe('refund');
  });

  it('ends at once when the provider declined, or somebody refunded', () => {
    expect(nextStep('failed', 'declined', 0)).toBe('stop');
    expect(nextStep('failed', 'refunded', 0)).toBe('record');
  });

  it('looks again soon, then ever more rarely, for at least ten minutes', () => {
    const looks: number[] = [];
    for (let age = 0; ;) {
      const step = nextStep('failed', undefined, age);
      if (typeof step !== 'object') break;
      looks.push((age += step.waitMs));
    }
    expect(looks.slice(0, 3)).toEqual([250, 500, 750]);
    expect(looks.at(-1)).toBeGreaterThan(10 * 60_000);
    expect(looks.length).toBeLessThan(50);
    expect(nextStep('failed', undefined, WATCH_MS)).toBe('stop');
  });

  it('takes a delayed decision for no decision, however long it takes', () => {
    expect(nextStep('failed', 'pending', 10 * WATCH_MS)).toEqual({ waitMs: 60_000 });
  });
});

describe('the reversal of a charge', () => {
  it.each([undefined, 'declined'] as const)('is a fault when the provider says it is %s', (charge) => {
    expect(() => nextStep('reversing', charge, 0)).toThrow(/had approved a charge/);
  });

  it('refunds', () => {
    expect(nextStep('reversing', 'approved', 0)).toBe('refund');
  });
});
