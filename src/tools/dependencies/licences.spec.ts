import { describe, expect, it } from '@jest/globals';
import { isAllowed } from './licences.js';

describe('a licence', () => {
  it.each(['MIT', 'Apache-2.0', '(MIT OR GPL-3.0-only)', 'MIT AND ISC'])('%s is allowed', (licence) => {
    expect(isAllowed(licence)).toBe(true);
  });

  it.each(['GPL-3.0-only', 'MIT AND AGPL-3.0-only', 'UNLICENSED', 'SEE LICENSE IN LICENSE', 'none', ''])(
    '%j is not',
    (licence) => {
      expect(isAllowed(licence)).toBe(false);
    },
  );
});
