import { describe, expect, it } from '@jest/globals';
import { readSpecs, specsOf } from './tiers.js';

const SPECS = [
  'modules/desk/desk.spec.ts',
  'test/broker/start.spec.ts',
  'test/broker/stream.tier2.spec.ts',
  'test/broker/storm.tier3.spec.ts',
];
const FIRST = ['--testMatch=**/*.spec.ts', '--testMatch=!**/*.tier2.spec.ts', '--testMatch=!**/*.tier3.spec.ts'];
const SECOND = ['--testMatch=**/*.tier2.spec.ts'];
const THIRD = ['--testMatch=**/*.tier3.spec.ts'];
const ALL = ['--testMatch=**/*.spec.ts'];

describe('the specs that are run', () => {
  it.each([
    ['of the first tier when nothing else is said', undefined, [], FIRST],
    ['of the tier that is chosen', '2', [], SECOND],
    ['of the third tier', '3', [], THIRD],
    ['of all', 'all', [], ALL],
    ['of the first tier where it has any that match', undefined, ['test/broker'], FIRST],
    ['of the second tier where only that has', undefined, ['test/broker/stream'], ALL],
    ['of the third tier where only that has', undefined, ['test/broker/storm'], ALL],
    ['of the second tier, also by their file', undefined, ['./test/broker/stream.tier2.spec.ts'], ALL],
    ['of the tier that is chosen, whatever matches', '1', ['test/broker/stream'], FIRST],
    ['of the first tier when a test is named like one of the second', undefined, ['-t', 'stream'], FIRST],
    ['of the first tier when a pattern is none', undefined, ['('], FIRST],
  ] as const)('are %s', (_, tier, args, expected) => {
    expect(specsOf(tier, args, SPECS)).toEqual(expected);
  });

  it('are found wherever they lie', () => {
    const specs = readSpecs();
    for (const folder of ['src', 'test']) expect(specs.some((spec) => spec.startsWith(folder))).toBe(true);
    expect(specs.filter((spec) => spec.endsWith('.tier2.spec.ts')).length).toBeGreaterThan(1);
  });
});
