import { describe, expect, it } from '@jest/globals';
import { UsageError } from './lib/cli.js';
import { isIncomplete, requested, textOf } from './erase.js';

describe('npm run erase', () => {
  it.each([
    [[], 'erase needs a SUBJECT: the id of the person. See --help.'],
    [['ada'], 'erase needs --reason TEXT: why, without naming the person. See --help.'],
    [['ada', 'lovelace', '--reason', 'x'], 'One SUBJECT at a time: put one with spaces in quotes. See --help.'],
    [['ada', '--reason'], "Option '--reason <value>' argument missing. See --help."],
    [['ada', '--reason', 'x', '--force'], "Unknown option '--force'. See --help."],
  ])('refuses %j in one line', (args, message) => {
    expect(() => requested(args)).toThrow(new UsageError(message));
  });

  it('takes whoever runs it for whoever wants it, unless somebody is named', () => {
    expect(requested(['ada', '--reason', 'x'])).toMatchObject({
      subject: 'ada',
      dryRun: false,
      by: expect.stringContaining('@'),
    });
    const named = ['ada', '--reason', 'x', '--by', 'the officer', '--dry-run'];
    expect(requested(named)).toEqual({ subject: 'ada', reason: 'x', by: 'the officer', dryRun: true });
  });

  it('reports tables and numbers, what is left, and the modules that run elsewhere', () => {
    const done = { module: 'people', counts: { outbox: 2 }, busy: 0 };
    const left = { module: 'post', counts: {}, busy: 3 };
    const failed = { module: 'books', counts: {}, busy: 0, failure: 'Error: no' };
    const report = { modules: [done, left, failed], elsewhere: ['bank'] };
    expect(textOf(report, false).split('\n').slice(1)).toEqual([
      'people  outbox  2',
      'post: 3 rows were being handled all the time, and are as they were. Run this again: what is done is not done twice.',
      'books failed: Error: no. Run this again: what is done is not done twice.',
      'bank runs elsewhere: run this there as well, with its MODULES.',
      '',
    ]);
    expect([[done], [left], [failed]].map((modules) => isIncomplete({ modules, elsewhere: [] }))).toEqual([
      false,
      true,
      true,
    ]);
  });
});
