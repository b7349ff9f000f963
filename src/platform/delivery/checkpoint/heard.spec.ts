import { expect, it } from '@jest/globals';
import type { Heard } from './heard.js';
import { ReaderReport } from '../../transport/events/reader-reports.js';
import { EVERYTHING_READ, heardThrough, isMissing } from './heard.js';

/** The parts of a division, as far as each has heard. */
const parts = (...positions: number[]): Heard[] =>
  positions.map((position, part) => ({ part, of: positions.length, position }));

it.each<[string, Heard[], Heard[], boolean]>([
  ['empty tables', parts(90), [], true],
  ['a backup', parts(90), parts(60), true],
  ['a backup of which the slowest share is the same', parts(90, 10), parts(50, 10), true],
  ['a backup of which the fastest share is the same', parts(90, 50), parts(90, 10), true],
  ['tables that go on', parts(90), parts(91), false],
  ['nothing that was heard', parts(0), [], false],
  ['another division since', parts(90), parts(90, 120, 95), false],
  [
    'another division, with what a faster share had heard',
    parts(90, 40),
    [...parts(40, 40, 40), ...parts(90, 0)],
    false,
  ],
  ['another division, of a backup', parts(90, 90), parts(60, 90, 90), true],
  ['a checkpoint that went back for a gained type', parts(90), [...parts(0), ...parts(90)], false],
  ['the same, when the consumer was divided before', parts(90), [...parts(0, 0), ...parts(200, 300)], false],
])('tells of %s whether messages would be heard again', (_, known, here, missing) => {
  expect(isMissing(known, here)).toBe(missing);
});

it('has heard everything up to where all shares of a division are', () => {
  expect(heardThrough([])).toBe(0);
  expect(heardThrough(parts(90, 40))).toBe(40);
  expect(heardThrough([...parts(90, 40), ...parts(60), ...parts(10, 20, 30)])).toBe(60);
});

it.each([
  ['one that knows its slowest share only', { position: '12' }, true],
  ['one that reads nothing more', { position: EVERYTHING_READ, heard: parts(5) }, true],
  ['one beyond every position', { position: '9223372036854775808' }, false],
  ['one of no number', { position: 'far' }, false],
])('takes the report of %s: %j is %s', (_, told, taken) => {
  expect(ReaderReport.safeParse([{ consumer: 'listener.ear', ...told }]).success).toBe(taken);
});
