import { expect, it } from '@jest/globals';
import type { RetryEntry } from '../platform/delivery/retry/work-table.js';
import { lagLines, listLines } from './delivery-lines.js';

const item: RetryEntry = {
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
  frame: null,
  cause: null,
};

it.each<[string, Partial<RetryEntry>]>([
  ['in 30s', {}],
  ['now', { dueInMs: -1 }],
  ['a person', { state: 'dead', dueInMs: null }],
  ['its turn, behind library:0', { dueInMs: null, waitsFor: 'its turn, behind library:0' }],
])('says %s of what has to happen next', (next, more) => {
  const line = listLines({ items: [{ ...item, ...more }], total: 1 }).split('\n')[1];
  expect(line).toMatch(new RegExp(` {2}${next} +–$`));
});

it('says which consumer does not start, why, and the ways out', () => {
  const rewound = { consumer: 'library.shelf', producer: 'press', heard: 108, here: 7, end: 120 };
  const lines = lagLines([], { gone: [], silent: [], rewound: [rewound] });
  expect(lines).toMatch(/^library\.shelf had heard press up to 108, and its tables say 7: .* It does not start/m);
  expect(lines).toContain('npm run deliveries -- accept library.shelf --at 108');
  expect(lines).toContain('npm run deliveries -- replay library.shelf --from T');
});

it('says for whom something is kept, and how to end that', () => {
  const gone = { consumer: 'library.shelf', producers: ['press'] };
  const foreign = { consumer: 'reading.room', producers: ['press'], silentMs: 300_000 };
  const silent = [{ module: 'billing', silentMs: 7_200_000 }];
  const lines = lagLines([], { gone: [gone, foreign], silent, rewound: [] }).split('\n');
  expect(lines).toContain(
    'library.shelf is declared nowhere any more; what press said is kept for it. Stop that with: npm run deliveries -- forget library.shelf',
  );
  expect(lines).toContain(
    'reading.room is not declared here, and its module, of another repository, has not reported for 5m; what press said is kept for it. If it will never run again: npm run deliveries -- forget reading.room',
  );
  expect(lines).toContain(
    'billing has not reported for 2h; what its messages may repeat is remembered. If it will never run again: npm run deliveries -- forget billing',
  );
});
