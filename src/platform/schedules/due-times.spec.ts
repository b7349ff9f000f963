import { describe, expect, it } from '@jest/globals';
import { milliseconds } from '../messaging/duration.js';
import type { Plan, Times } from './due-times.js';
import { decide, nextDue, planOf, planText } from './due-times.js';

const at = (text: string) => Date.parse(text);
const dues = (times: Times, from: string, count: number) => {
  const plan = planOf(times);
  const found: string[] = [];
  for (let now = at(from); found.length < count;) {
    now = nextDue(plan, now, now);
    found.push(new Date(now).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
};
const berlin = 'Europe/Berlin';

describe('the time at which a schedule is due', () => {
  it.each([
    [
      'when clocks go forward, at the first moment after the gap',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'when clocks go forward, once for all that is in the gap',
      '*/15 2 * * *',
      '2026-03-28T01:50Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:00Z', '2026-03-30T00:15Z'],
    ],
    [
      'when clocks go forward, once for what is in the gap and at its end',
      '0,30 2,3 * * *',
      '2026-03-29T00:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T01:30Z', '2026-03-30T00:00Z'],
    ],
    [
      'when clocks go back, at the first of two',
      '30 2 * * *',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z', '2026-10-27T01:30Z'],
    ],
    [
      'when clocks go back, each local time once',
      '*/30 * * * *',
      '2026-10-25T00:10Z',
      ['2026-10-25T00:30Z', '2026-10-25T02:00Z', '2026-10-25T02:30Z'],
    ],
    ['on a day of the week', '0 9 * * MON', '2026-11-28T00:00Z', ['2026-11-30T08:00Z', '2026-12-07T08:00Z']],
    ['on the last day of a month', '0 0 L * *', '2026-01-30T00:00Z', ['2026-01-30T23:00Z', '2026-02-27T23:00Z']],
    ['on a leap day', '0 3 29 2 *', '2026-01-01T00:00Z', ['2028-02-29T02:00Z', '2032-02-29T02:00Z']],
  ])('is %s', (_, cron, from, expected) => {
    expect(dues({ cron, timezone: berlin }, from, expected.length)).toEqual(expected);
  });

  it('is right in places that change their clocks by half an hour, or at midnight', () => {
    expect(dues({ cron: '15 2 * * *', timezone: 'Australia/Lord_Howe' }, '2026-10-02T16:00Z', 2)).toEqual([
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ]);
    expect(dues({ cron: '30 0 * * *', timezone: 'Africa/Cairo' }, '2026-04-23T00:00Z', 2)).toEqual([
      '2026-04-23T22:00Z',
      '2026-04-24T21:30Z',
    ]);
  });

  it('is neither missed nor doubled over ten years, however often somebody looks', () => {
    const plan = planOf({ cron: '30 2 * * *', timezone: berlin });
    const days: string[] = [];
    let due = nextDue(plan, 0, at('2026-01-01T00:00Z'));
    for (let now = at('2026-01-01T00:00Z'); now < at('2036-01-01T00:00Z'); now += 3_599_000) {
      if (due > now) continue;
      days.push(new Date(due + 3_600_000).toISOString().slice(0, 10));
      due = nextDue(plan, due, now);
    }
    expect(days).toHaveLength(3652);
    expect(new Set(days).size).toBe(days.length);
  });

  it('is by elapsed time for every, over both changes of the clocks, and does not drift when it is seen late', () => {
    const plan = planOf({ every: '90 minutes' });
    const start = at('2026-03-29T00:00Z');
    expect(nextDue(plan, start, start + 1)).toBe(start + milliseconds('90 minutes'));
    expect(nextDue(plan, start, start + milliseconds('90 minutes') + 7)).toBe(start + milliseconds('3 hours'));
    expect(nextDue(plan, start, start + milliseconds('90 minutes'))).toBe(start + milliseconds('3 hours'));
    expect(nextDue(plan, start, at('2026-10-26T00:00Z')) % 5_400_000).toBe(start % 5_400_000);
    expect(nextDue(plan, start + 1, start)).toBe(start + 1);
  });

  it('is written down in one line', () => {
    expect(planText(planOf({ cron: ' 0  3 * * * ', timezone: berlin }))).toBe('cron 0 3 * * * Europe/Berlin');
    expect(planText(planOf({ cron: '@daily' }))).toBe('cron @daily UTC');
    expect(planText(planOf({ every: '15 minutes' }))).toBe('every 900 seconds');
  });
});

describe('a schedule that nobody can follow', () => {
  it.each([
    [{}, 'either cron or every'],
    [{ cron: '0 3 * * *', every: '1 day' }, 'either cron or every'],
    [{ every: '1 day', timezone: berlin }, 'leave out timezone'],
    [{ every: '1.5 days' }, '"1.5 days" is no length of time'],
    [{ every: '0 days' }, '"0 days" is no length of time'],
    [{ every: '200000 days' }, 'is no length of time'],
    [{ cron: '0 3 * *' }, '"0 3 * *" is no cron expression'],
    [{ cron: '0 0 3 * * *' }, 'expected five fields'],
    [{ cron: '61 3 * * *' }, 'Invalid value for minute: 61'],
    [{ cron: 'at three' }, 'is no cron expression'],
    [{ cron: '0 0 31 2 *' }, '"0 0 31 2 *" is never due'],
    [{ cron: '2026-01-01T00:00:00' }, 'is no cron expression: expected five fields'],
    [{ cron: '0 3 * * *', timezone: 'Europe/Atlantis' }, '"Europe/Atlantis" is no time zone'],
  ] as [Times, string][])('%j is refused', (times, message) => {
    expect(() => planOf(times)).toThrow(message);
  });
});

describe('what happens when somebody looks', () => {
  const hourly: Plan = planOf({ every: '1 hour' });
  const HOUR = 3_600_000;
  const now = 100 * HOUR + 5000;
  const closed = { owed: false, open: false };

  it('is nothing before it is due', () => {
    expect(decide(hourly, 'once', { due: now + 1, ...closed }, now)).toEqual({ run: false, owed: false, due: now + 1 });
  });

  it.each(['once', 'none'] as const)('is a run in time, where catchUp is %s', (catchUp) => {
    const after = { run: true, owed: false, due: 101 * HOUR };
    expect(decide(hourly, catchUp, { due: 100 * HOUR, ...closed }, now)).toEqual(after);
    // It was missed for ten hours, and the last of them is due in time.
    expect(decide(hourly, catchUp, { due: 90 * HOUR, ...closed }, now)).toEqual(after);
  });

  it('is one run for all that were missed, or none', () => {
    const late = 100 * HOUR + 61_000;
    const due = 101 * HOUR;
    expect(decide(hourly, 'once', { due: 90 * HOUR, ...closed }, late)).toEqual({ run: true, owed: false, due });
    expect(decide(hourly, 'none', { due: 90 * HOUR, ...closed }, late)).toEqual({ run: false, owed: false, due });
  });

  it('is no run beside itself: what is due meanwhile is missed', () => {
    const standing = { due: 100 * HOUR, owed: false, open: true };
    expect(decide(hourly, 'once', standing, now)).toEqual({ run: false, owed: true, due: 101 * HOUR });
    expect(decide(hourly, 'none', standing, now)).toEqual({ run: false, owed: false, due: 101 * HOUR });
    expect(decide(hourly, 'once', { due: 101 * HOUR, owed: true, open: false }, now)).toEqual({
      run: true,
      owed: false,
      due: 101 * HOUR,
    });
  });
});
