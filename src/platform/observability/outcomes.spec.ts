import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineEvent } from '../messaging/define.js';
import { BoundedLabelValues, outcome } from './outcomes.js';

class LetterLost extends defineEvent('letters.letter-lost.v1', {
  key: 'letterId',
  payload: z.object({ letterId: z.string(), reason: z.string(), cents: z.int() }),
}) {}

describe('a number that means something to the business', () => {
  it('is declared in one line', () => {
    const declared = outcome('postage_lost', LetterLost, { sum: 'cents', by: 'reason' });
    expect(declared).toEqual({ name: 'postage_lost', event: LetterLost, sum: 'cents', by: 'reason' });
  });

  it.each([
    ['a name that is none', () => outcome('Letters lost', LetterLost), '"Letters lost" is no name of a counter'],
    ['a field that is not there', () => outcome('lost', LetterLost, { by: 'why' }), 'has no field "why"'],
    ['a sum of texts', () => outcome('lost', LetterLost, { sum: 'reason' }), '"reason" is no number'],
  ])('%s is refused', (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('has few different labels, whatever the values are', () => {
    const values = new BoundedLabelValues();
    const labels = Array.from({ length: 1000 }, (_, n) => values.of(`reason ${n}`));
    expect(new Set(labels).size).toBe(21);
    expect([labels[0], labels[999], values.of('reason 3')]).toEqual(['reason 0', 'other', 'reason 3']);
  });
});
