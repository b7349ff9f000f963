import { expect, it } from '@jest/globals';
import type { PutAside } from '../platform/delivery/work-table.js';
import { listLines } from './delivery-lines.js';

const item: PutAside = {
  id: 'library:1',
  consumer: 'library.shelf',
  type: 'press.book-printed.v1',
  key: 'press/emma',
  state: 'waiting',
  attempts: 1,
  ageMs: 5000,
  dueInMs: 30_000,
  waitsFor: null,
  lastError: null,
};

it.each<[string, Partial<PutAside>]>([
  ['in 30s', {}],
  ['now', { dueInMs: -1 }],
  ['a person', { state: 'dead', dueInMs: null }],
  ['its turn, behind library:0', { dueInMs: null, waitsFor: 'its turn, behind library:0' }],
])('says %s of what has to happen next', (next, more) => {
  const line = listLines({ items: [{ ...item, ...more }], total: 1 }).split('\n')[1];
  expect(line).toMatch(new RegExp(` {2}${next} +–$`));
});
