import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { decodeCursor, encodeCursor, PageQuery, Timestamp } from './paging.js';
import { preferredWaitMs } from './request/prefer.js';

describe('a cursor', () => {
  const Position = z.object({ at: z.iso.datetime(), id: z.string() });

  it('comes back as it was packed', () => {
    const position = { at: '2026-01-02T03:04:05Z', id: 'ü/+' };
    const cursor = encodeCursor(position);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(decodeCursor(cursor, Position)).toEqual(position);
  });

  it.each(['', 'x', '%', encodeCursor(null), encodeCursor({ at: 'yesterday', id: 'x' })])(
    'is refused when it is none of ours: %s',
    (cursor) => {
      expect(() => decodeCursor(cursor, Position)).toThrow(
        expect.objectContaining({
          kind: 'invalid',
          code: 'invalid_cursor',
          errors: [expect.objectContaining({ field: 'cursor' })],
        }),
      );
    },
  );
});

describe('a moment in a cursor', () => {
  it.each(['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678Z', '0001-01-01T00:00:00.678901Z'])('may be %s', (at) => {
    expect(Timestamp.safeParse(at).success).toBe(true);
  });

  it.each([
    `2026-01-02T03:04:05.${'1'.repeat(130)}Z`,
    '2026-01-02T03:04:05.1234567Z',
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
  ])('may not be what PostgreSQL cannot read: %s', (at) => expect(Timestamp.safeParse(at).success).toBe(false));
});

it('limits a page to 1–100 items, 20 unless told', () => {
  expect(PageQuery.parse({})).toEqual({ limit: 20 });
  expect(PageQuery.parse({ limit: '100' })).toEqual({ limit: 100 });
  for (const limit of ['0', '101', '1.5', 'x', ['1', '2']]) expect(PageQuery.safeParse({ limit }).success).toBe(false);
});

it.each([
  [undefined, 0],
  ['', 0],
  ['wait=0', 0],
  ['wait=5', 5000],
  ['wait=30', 30_000],
  ['wait=31', 30_000],
  ['wait=99999999999999999999', 30_000],
  ['respond-async, wait=5', 5000],
  ['WAIT = "5"; foo', 5000],
  ['wait=-5', 0],
  ['wait=5s', 0],
  ['nowait=5', 0],
])('reads Prefer: %s as %d ms', (header, ms) => {
  expect(preferredWaitMs(header)).toBe(ms);
});
