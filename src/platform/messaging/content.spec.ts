import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { contentHash, withoutDefaults } from './content.js';
import { defineCommand } from './define.js';

const post = (payload: z.ZodObject) => defineCommand('post.send.v1', { payload });
const content = (payload: z.ZodObject, input: object) => withoutDefaults(new (post(payload))(input as never));
const hash = (payload: z.ZodObject, input: object) => contentHash(new (post(payload))(input as never));

const line = z.object({ sku: z.string(), gift: z.boolean().default(false) });
const v2 = z.object({
  id: z.string(),
  channel: z.enum(['web', 'app']).default('web'),
  lines: z.array(line).default([]),
  wrap: z.object({ paper: z.string().default('plain'), text: z.string() }).optional(),
  way: z.discriminatedUnion('by', [
    z.object({ by: z.literal('foot') }),
    z.object({ by: z.literal('car'), seats: z.int().default(4) }),
  ]),
  tags: z.record(z.string(), z.object({ weight: z.int().default(1) })),
  pair: z.tuple([z.object({ n: z.int().default(0) }), z.string()]),
  note: z.string().nullable().default(null),
});
const given = {
  id: '1',
  lines: [{ sku: 'a' }],
  wrap: { text: 'hi' },
  way: { by: 'car' },
  tags: { a: {} },
  pair: [{}, 'x'],
};

describe('the content of a message', () => {
  it('is what was given, without the defaults that were filled in at any depth', () => {
    expect(content(v2, given)).toEqual(given);
  });

  it('is the same when the defaults are said, as by a caller that has filled them in', () => {
    const filledIn = { ...new (post(v2))(given) };
    expect(filledIn).toMatchObject({ channel: 'web', lines: [{ gift: false }], way: { seats: 4 }, note: null });
    expect(content(v2, filledIn)).toEqual(given);
  });

  it.each([
    ['a field that says another thing than its default', { ...given, channel: 'app' }],
    ['an item that does', { ...given, lines: [{ sku: 'a', gift: true }] }],
    ['an item more', { ...given, lines: [{ sku: 'a' }, { sku: 'a' }] }],
    ['another branch', { ...given, way: { by: 'foot' } }],
  ])('is another one with %s', (_, other) => {
    expect(hash(v2, other)).not.toBe(hash(v2, given));
  });

  it('is the same in a version with more defaults, or other ones', () => {
    const v1 = z.object({ id: z.string(), channel: z.string().default('post') });
    const v3 = v1.extend({ urgent: z.boolean().default(false), channel: z.string().default('web') });
    expect(hash(v3, { id: '1' })).toBe(hash(v1, { id: '1' }));
  });

  it('does not depend on the order of fields', () => {
    const [a, b] = [z.object({ a: z.string(), b: z.json() }), z.object({ b: z.json(), a: z.string() })];
    expect(hash(a, { a: '1', b: { c: 1, d: 2 } })).toBe(hash(b, { b: { d: 2, c: 1 }, a: '1' }));
  });
});
