import { describe, expect, it } from '@jest/globals';
import type { Entry, History, Verdict } from '../../support/evidence/history.js';
import { judge, sum } from '../../support/evidence/history.js';
import type { Task } from '../../support/evidence/workload.js';

const tasks: Task[] = [
  { kind: 'raise', thing: 'a', token: 'one', mood: 'good' },
  { kind: 'raise', thing: 'a', token: 'two', mood: 'twice' },
  { kind: 'raise', thing: 'a', token: 'three', mood: 'fault' },
  { kind: 'begin', job: 'j', token: 'four' },
];
const said: Entry[] = ['one#1', 'two#1', 'two#2'].map((token, index) => ({ thing: 'a', version: index + 1, token }));
const flawless: History = {
  things: [{ thing: 'a', version: 3 }],
  outbox: said,
  effects: new Map([['page', said]]),
  steps: [1, 2, 3].map((step) => ({ job: 'j', step })),
  ends: [{ job: 'j' }],
  jobsDone: ['j'],
  calls: ['one#1', 'two#1', 'two#1', 'two#2'],
};
const total = (history: Partial<History>): Verdict => sum([...judge(tasks, { ...flawless, ...history }).values()]);
const none = { lost: 0, doubled: 0, reordered: 0, unfounded: 0 };
const heard = (...entries: Entry[]) => ({ effects: new Map([['page', entries]]) });
const [first, second, third] = said as [Entry, Entry, Entry];

describe('the checker of histories', () => {
  it('finds nothing where there is nothing, and lets the outside be called again', () => {
    expect(total({})).toEqual(none);
  });

  it('sees what was lost', () => {
    expect(total(heard(first, third))).toEqual({ ...none, lost: 1 });
    expect(total({ calls: ['one#1', 'two#1'] })).toEqual({ ...none, lost: 1 });
    expect(total({ jobsDone: [] })).toEqual({ ...none, lost: 1 });
    expect(total({ ends: [] })).toEqual({ ...none, lost: 1 });
    expect(total({ ends: [{ job: 'j' }, { job: 'j' }] })).toEqual({ ...none, doubled: 1 });
    expect(total({ steps: flawless.steps.slice(1) })).toEqual({ ...none, lost: 1 });
  });

  it('sees what was doubled', () => {
    expect(total(heard(first, second, second, third))).toEqual({ ...none, doubled: 1 });
    expect(total({ steps: [...flawless.steps, { job: 'j', step: 3 }] })).toEqual({ ...none, doubled: 1 });
  });

  it('sees what came out of order', () => {
    expect(total(heard(second, first, third))).toEqual({ ...none, reordered: 1 });
  });

  it('sees what a rolled back transaction said', () => {
    expect(total(heard(...said, { thing: 'a', version: 4, token: 'three#1' }))).toEqual({ ...none, unfounded: 1 });
  });

  it('sees state of which nothing was said', () => {
    expect(total({ things: [{ thing: 'a', version: 4 }] })).toEqual({ ...none, lost: 1 });
    expect(total({ things: [{ thing: 'a', version: 2 }] })).toEqual({ ...none, unfounded: 1 });
  });
});
