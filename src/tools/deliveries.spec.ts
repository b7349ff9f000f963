import { describe, expect, it } from '@jest/globals';
import { UsageError } from './lib/cli.js';
import { deliveries } from './deliveries.js';
import { sagas } from './sagas.js';
import { schedules } from './schedules.js';

describe('npm run deliveries', () => {
  const AT =
    '--at has to be the position of the last message that is not to be heard again, as lag shows it; 0 for none';
  const FROM = '--from has to be start, a date, or a date and time with its zone such as 2026-01-31T10:00:00Z';

  it.each([
    [
      [],
      'The task has to be list or causes or show or retry or discard or actions or lag or replay or accept or forget. See --help.',
    ],
    [
      ['lsit'],
      'The task has to be list or causes or show or retry or discard or actions or lag or replay or accept or forget, not "lsit". See --help.',
    ],
    [['list', 'a:1'], "Unexpected argument 'a:1'. See --help."],
    [['show'], 'show needs an ID, as list shows it. See --help.'],
    [['show', 'a:1', 'b:2'], "Unexpected argument 'b:2'. See --help."],
    [['retry'], 'retry needs an ID, as list shows it, a filter, or --all. See --help.'],
    [['discard'], 'discard needs an ID, as list shows it, or a filter. See --help.'],
    [['discard', 'a:1', '--reason', ' '], '--reason has to be a text of 1 to 500 characters.'],
    [['retry', 'a:1', '--reason', 'x', '--by', ''], '--by has to be a text of 1 to 500 characters.'],
    [['retry', '--all', '--type', 'x'], '--all is everything: leave the filter out. See --help.'],
    [['show', 'a:1', '--cause', 'x'], '--cause belongs to retry, discard. See --help.'],
    [['retry', 'a:1', '--cause', 'x'], "Unexpected argument 'a:1'. See --help."],
    [['retry', 'a:1', '--all'], "Unexpected argument 'a:1'. See --help."],
    [['discard', '--all'], '--all belongs to retry. See --help.'],
    [['discard', 'a:1', '--reason'], "Option '--reason <value>' argument missing. See --help."],
    [['list', '--reason', 'x'], '--reason belongs to retry, discard, replay, accept, forget. See --help.'],
    [['replay', '--from', 'start'], 'replay needs a CONSUMER. See --help.'],
    [['replay', 'a.b'], `${FROM}. See --help.`],
    [['replay', 'a.b', '--from', 'yesterday'], `${FROM}, not "yesterday". See --help.`],
    [['replay', 'a.b', '--from', '2026-02-30'], `${FROM}, not "2026-02-30". See --help.`],
    [['replay', 'a.b', '--from', '2026-02-03T10:00:00'], `${FROM}, not "2026-02-03T10:00:00". See --help.`],
    [['replay', 'a.b', '--from', '2999-01-01'], '--from lies in the future.'],
    [['accept', '--at', '3'], 'accept needs a CONSUMER. See --help.'],
    [['accept', 'a.b'], `${AT}.`],
    [['accept', 'a.b', '--at', '-3'], "Option '--at' argument is ambiguous. See --help."],
    [['accept', 'a.b', '--at', 'end'], `${AT}, not "end".`],
    [['replay', 'a.b', '--at', '3'], '--at belongs to accept. See --help.'],
    [['lag', '--producer', 'b'], '--producer belongs to accept. See --help.'],
    [['lag', '--json'], "Unknown option '--json'. See --help."],
  ])('refuses %j in one line', (args, message) => {
    expect(() => deliveries(args)).toThrow(new UsageError(message));
  });

  it.each([
    ['list'],
    ['lag'],
    ['causes'],
    ['actions'],
    ['retry --all --reason mended'],
    ['retry --cause 0a1b2c --consumer a.b --reason mended --by alice'],
    ['discard a:1 --reason gone'],
    ['replay a.b --from 2026-01-31T10:00:00+02:00 --reason rebuilt'],
    ['accept a.b --at 108 --producer c --reason restored'],
  ])('accepts %s', (line) => expect(deliveries(line.split(' '))).toBeInstanceOf(Function));
});

describe('npm run sagas', () => {
  it.each([
    [[], 'The task has to be list or show or retry-timeout. See --help.'],
    [['show'], 'show needs an ID, as list shows it. See --help.'],
    [['list', 'x'], "Unexpected argument 'x'. See --help."],
    [['show', 'x', 'y'], "Unexpected argument 'y'. See --help."],
    [['retry-timeout'], 'retry-timeout needs an ID, as list shows it, or --all. See --help.'],
    [['retry-timeout', '--all', 'x'], "Unexpected argument 'x'. See --help."],
    [['list', '--by', 'x'], '--by belongs to retry-timeout. See --help.'],
    [['show', 'x', '--all'], '--all belongs to retry-timeout. See --help.'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => sagas(args)).toThrow(new UsageError(message));
  });
});

describe('npm run schedules', () => {
  it.each([
    [[], 'The task has to be list or run or pause or resume. See --help.'],
    [['pause'], 'pause needs an ID, as list shows it. See --help.'],
    [['list', 'x'], "Unexpected argument 'x'. See --help."],
    [['run', 'x', 'y'], "Unexpected argument 'y'. See --help."],
    [['list', '--by', 'x'], '--by belongs to run, pause, resume. See --help.'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => schedules(args)).toThrow(new UsageError(message));
  });
});
