import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { makeIds, newId } from './new-id.js';

const AT = Date.UTC(2026, 0, 31, 12);
const timeOf = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

describe('an id', () => {
  it('is a UUID of version 7, which begins with the time', () => {
    const id = makeIds(() => AT)();
    expect(z.uuidv7().parse(id)).toBe(id);
    expect(timeOf(id)).toBe(AT);
    expect(Math.abs(timeOf(newId()) - Date.now())).toBeLessThan(60_000);
  });

  it('is greater than the one before, in the same millisecond as well, and when more are made than can be counted in one', () => {
    const next = makeIds(() => AT);
    const ids = Array.from({ length: 20_000 }, next);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(timeOf(ids.at(-1)!)).toBeGreaterThan(AT);
    expect(timeOf(ids.at(-1)!)).toBeLessThan(AT + 20);
  });

  it('is greater than the one before when the clock goes back, and follows the clock again later', () => {
    const times = [AT, AT - 3_600_000, AT - 1, AT + 1];
    const next = makeIds(() => times.shift()!);
    const ids = Array.from({ length: 4 }, next);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.map(timeOf)).toEqual([AT, AT, AT, AT + 1]);
  });

  it('differs from those that other processes make at the same time', () => {
    const ids = Array.from({ length: 1000 }, () => makeIds(() => AT)());
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(1000);
    expect(new Set(ids.map((id) => id.slice(15, 18))).size).toBeGreaterThan(500);
  });
});
