import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent, defineQuery, definitionOf } from './define.js';

class Rename extends defineCommand('naming.rename.v1', {
  payload: z.object({
    id: z.string(),
    names: z.array(z.object({ first: z.string() })),
    loud: z.boolean().default(false),
  }),
}) {}

describe('a message', () => {
  it('is a validated copy, so that references do not cross', () => {
    const names = [{ first: 'Ada' }];
    const command = new Rename({ id: '1', names });
    names[0]!.first = 'Grace';
    expect(command.names).toEqual([{ first: 'Ada' }]);
    expect(command.loud).toBe(false);
  });

  it('is immutable all the way down', () => {
    const command = new Rename({ id: '1', names: [{ first: 'Ada' }] });
    expect(() => Object.assign(command, { id: '2' })).toThrow(TypeError);
    expect(() => Object.assign(command.names[0]!, { first: 'Grace' })).toThrow(TypeError);
    expect(() => (command.names as unknown[]).push(1)).toThrow(TypeError);
  });

  it('leaves out what its schema does not know', () => {
    expect(Object.keys(new Rename({ id: '1', names: [], extra: 1 } as never)).sort()).toEqual(['id', 'loud', 'names']);
  });

  it('refuses a payload that does not fit, naming the message and the field', () => {
    expect(() => new Rename({ id: 1, names: [] } as never)).toThrow(/naming\.rename\.v1.*expected string.*id/s);
  });

  it.each([
    ['a NUL character', 'a\0b', 'holds a NUL character, which cannot be stored'],
    [
      'half of a character',
      'Ada\u{1F600}'.slice(0, 4),
      'holds half of a character (a lone surrogate), which cannot be stored',
    ],
  ])('refuses text that can never be stored, naming where it is: %s', (_, first, what) => {
    const make = () => new Rename({ id: '1', names: [{ first: 'Grace' }, { first }] });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(what);
    expect(make).toThrow('→ at names[1].first');
    expect(new Rename({ id: '1', names: [{ first: 'Ada\u{1F600}' }] }).names[0]!.first).toBe('Ada\u{1F600}');
  });

  it('is known by its definition, and a plain class by none', () => {
    expect(definitionOf(new Rename({ id: '1', names: [] }))).toMatchObject({ kind: 'command', module: 'naming' });
    expect(definitionOf({ id: '1' })).toBeUndefined();
  });
});

describe('a definition is refused', () => {
  const payload = z.object({ id: z.string() });

  it.each([
    'rename',
    'naming.rename',
    'naming.rename.v0',
    'Naming.rename.v1',
    'naming.rename.again.v1',
    'naming.rename.1',
  ])('a definition is refused for the name %p', (name) =>
    expect(() => defineCommand(name, { payload })).toThrow(/expected "module\.what-it-says\.v1"/),
  );

  it.each([
    ['a Date', z.date()],
    ['a bigint', z.bigint()],
    ['a transform', z.string().transform(Number)],
    ['a Map', z.map(z.string(), z.string())],
    ['an instance of a class', z.instanceof(URL)],
    ['anything', z.any()],
    ['anything, deep inside', z.object({ list: z.array(z.record(z.string(), z.unknown())) })],
    ['unknown further fields', z.looseObject({})],
  ])('a definition is refused for a payload with %s', (_, field) => {
    expect(() => defineEvent('naming.renamed.v1', { payload: z.object({ id: z.string(), field }), key: 'id' })).toThrow(
      /payload is not plain JSON/,
    );
  });

  it('a definition is refused for a result or an error that JSON cannot carry', () => {
    expect(() => defineQuery('naming.get.v1', { payload, result: z.date() })).toThrow(/result is not plain JSON/);
    expect(() => defineCommand('naming.set.v1', { payload, errors: { late: z.object({ at: z.date() }) } })).toThrow(
      /error late is not plain JSON/,
    );
  });

  it('a definition is refused for a key that is no field of the payload', () => {
    expect(() => defineEvent('naming.renamed.v1', { payload, key: 'other' as never })).toThrow(/key "other"/);
  });

  it.each([
    ['is optional', z.string().optional(), /key "at" has to be a string or a number, and always there/],
    ['may be null', z.string().nullable(), /key "at" has to be a string or a number, and always there/],
    ['is an object', z.object({ id: z.string() }), /key "at" has to be a string or a number/],
    ['may be longer than a key', z.string().max(513), /key "at" may have 513 characters; a key has at most 512/],
  ])('a definition is refused for a key that %s', (_, at, expected) =>
    expect(() => defineEvent('naming.renamed.v1', { payload: z.object({ at }), key: 'at' })).toThrow(expected),
  );

  it.each([
    ['a string', z.string()],
    ['a string of 512', z.string().max(512)],
    ['an id', z.uuid()],
    ['a number', z.int()],
    ['one of a few', z.enum(['a', 'b'])],
  ])('a definition is not refused for a key that is %s', (_, at) =>
    expect(defineEvent('naming.renamed.v1', { payload: z.object({ at }), key: 'at' }).definition.key).toBe('at'),
  );

  it('free-form JSON in a definition is accepted when it is said', () => {
    class Noted extends defineEvent('naming.noted.v1', { payload: payload.extend({ data: z.json() }), key: 'id' }) {}
    const data = { deep: [1, { x: null }] };
    const event = new Noted({ id: '1', data });
    expect(event.data).toEqual(data);
    expect(event.data).not.toBe(data);
  });
});

describe('personal data', () => {
  const payload = z.object({ id: z.uuid(), userId: z.string(), email: z.email(), visits: z.int().optional() });
  const define = (marks: object) => defineEvent('people.registered.v1', { key: 'id', payload, ...marks });

  it('is marked with the field that names the person, and with replacements', () => {
    const personal = { userId: 'erased', email: 'erased@example.invalid', visits: 0 };
    const { definition } = define({ subject: 'userId', personal });
    expect(definition.personal).toEqual({ subject: 'userId', replacements: personal });
    expect(define({}).definition).not.toHaveProperty('personal');
  });

  it.each([
    [
      'no subject',
      { personal: { email: 'a@b.cd' } },
      'personal fields need "subject": the field that names the person',
    ],
    ['no replacement', { subject: 'userId', personal: {} }, '"subject" needs "personal": the fields to erase'],
    [
      'an unknown subject',
      { subject: 'user', personal: { email: 'a@b.cd' } },
      'subject "user" is not one of its fields',
    ],
    [
      'a subject that is no text',
      { subject: 'visits', personal: { visits: 0 } },
      'subject "visits" has to be a string',
    ],
    ['an unknown field', { subject: 'userId', personal: { mail: '' } }, 'personal "mail" is not one of its fields'],
    [
      'an unfit replacement',
      { subject: 'userId', personal: { email: 'erased' } },
      'the replacement of "email" does not fit its schema: ✖ Invalid email',
    ],
    [
      'a missing replacement',
      { subject: 'userId', personal: { visits: undefined } },
      'the replacement of "visits" does not fit its schema: it is missing',
    ],
    [
      'one that cannot be stored',
      { subject: 'userId', personal: { userId: 'a\0' } },
      'the replacement of "userId" does not fit its schema: holds a NUL',
    ],
    [
      'the key',
      { subject: 'userId', personal: { id: '00000000-0000-4000-8000-000000000000' } },
      '"id" is its key, which orders messages and stays',
    ],
  ])('is refused with %s', (_, marks, message) => {
    expect(() => define(marks)).toThrow(`people.registered.v1: ${message}`);
  });
});
