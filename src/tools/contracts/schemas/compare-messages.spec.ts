import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent, defineQuery } from '../../../platform/messaging/define.js';
import { compareMessages } from './compare-messages.js';
import { messagesOf, snapshotOf } from '../describe.js';

type Contracts = Record<string, unknown>;

const NAME = 'shelf.thing-moved.v1';
const text = z.string();
const payload = z.object({ sku: text });
const event = (shape: z.ZodRawShape, key = 'sku') => ({
  Thing: defineEvent(NAME, { key: key as 'sku', payload: z.object({ sku: text, ...shape }) }),
});
const command = (spec: object) => ({ Thing: defineCommand(NAME, { payload, ...spec }) });
const query = (result: z.ZodType) => ({ Thing: defineQuery(NAME, { payload, result }) });

const tree = (leaf: z.ZodType) => {
  const Tree = z.object({
    leaf,
    get branches() {
      return z.array(Tree);
    },
  });
  return Tree;
};

/** Each change as `field what (touches)`. */
function changes(before: Contracts, after: Contracts): string[] {
  const [was, is] = [before, after].map((contracts) => ({ name: 'shelf', contracts }));
  return compareMessages(snapshotOf(was!), messagesOf(is!)).map(
    ({ field, what, touches }) => `${field ? `${field} ` : ''}${what} (${touches ?? 'everybody'})`,
  );
}

describe('a change breaks nobody:', () => {
  it.each([
    ['none', event({}), event({})],
    ['a new message', {}, event({})],
    [
      'a new version beside the old',
      event({}),
      { ...event({}), Next: defineEvent('shelf.thing-moved.v2', { key: 'sku', payload }) },
    ],
    ['an optional field of an event', event({}), event({ note: text.optional() })],
    ['a field of an event that has a default for those that were kept', event({}), event({ note: text.default('') })],
    ['an optional field of a command', command({}), command({ payload: payload.extend({ note: text.optional() }) })],
    ['a field of a result', query(z.object({})), query(z.object({ amount: z.int() }))],
    ['a result where there was none', command({}), command({ result: z.object({}) })],
    [
      'a limit of a command that may be reached now',
      command({ payload: payload.extend({ size: z.number().gt(0) }) }),
      command({ payload: payload.extend({ size: z.number().gte(0) }) }),
    ],
    [
      'finer steps of a command',
      command({ payload: payload.extend({ size: z.number().multipleOf(0.05) }) }),
      command({ payload: payload.extend({ size: z.number().multipleOf(0.01) }) }),
    ],
    ['a default of an event beside what was kept', event({ note: text }), event({ note: text.default('') })],
    ['free-form data', query(z.json()), query(z.json())],
    ['a shorter text in a result', query(z.object({ note: text })), query(z.object({ note: text.max(9) }))],
  ])('%s', (_, before, after) => {
    expect(changes(before, after)).toEqual([]);
  });
});

const STORED = 'so that the events which outboxes have kept cannot be read any more (everybody)';
const code = { sold_out: z.object({ left: z.int() }) };

describe('a change is found:', () => {
  it.each<[string, Contracts, Contracts, string[]]>([
    ['a message is gone', event({}), {}, ['is no longer published (everybody)']],
    [
      'a message has another name',
      event({}),
      { Thing: defineEvent('shelf.thing-shifted.v1', { key: 'sku', payload }) },
      ['was renamed to shelf.thing-shifted.v1: a wire name never changes (everybody)'],
    ],
    ['an event becomes a command', event({}), command({}), ['was an event, is a command (everybody)']],
    [
      'an event has another key',
      event({ place: text }),
      event({ place: text }, 'place'),
      ['was ordered by sku, is ordered by place: its order would be lost (everybody)'],
    ],
    ['an event loses a field', event({ note: text }), event({}), ['note is no longer there (note)']],
    [
      'an event loses a field inside',
      event({ price: z.object({ amount: z.int() }) }),
      event({ price: z.object({}) }),
      ['price.amount is no longer there (price.amount)'],
    ],
    [
      'a field of an event becomes optional',
      event({ note: text }),
      event({ note: text.optional() }),
      ['note may be missing now (note)'],
    ],
    [
      'a field of an event gets a value more',
      event({ mood: z.enum(['a']) }),
      event({ mood: z.enum(['a', 'b']) }),
      ['mood was "a", can be "a" | "b" (mood)'],
    ],
    [
      'a field of an event may be null',
      event({ note: text }),
      event({ note: text.nullable() }),
      ['note was string, is string | null (note)'],
    ],
    [
      'an event needs a field that those kept do not have',
      event({}),
      event({ note: text }),
      [`note has to be given now, ${STORED}`],
    ],
    [
      'an event takes less than was kept',
      event({ note: text }),
      event({ note: text.max(9) }),
      [`note takes less: it had no maxLength, it has maxLength 9, ${STORED}`],
    ],
    [
      'a field of an event has another type',
      event({ note: text }),
      event({ note: z.int() }),
      [`note was string, is integer, ${STORED}`],
    ],
    [
      'a command needs one field more',
      command({}),
      command({ payload: payload.extend({ note: text }) }),
      ['payload.note has to be given now (everybody)'],
    ],
    [
      'a command needs one field more inside',
      command({ payload: payload.extend({ price: z.object({}).optional() }) }),
      command({ payload: payload.extend({ price: z.object({ amount: z.int() }).optional() }) }),
      ['payload.price.amount has to be given now (payload.price)'],
    ],
    [
      'a command does not take a field any more',
      command({ payload: payload.extend({ note: text.optional() }) }),
      command({}),
      ['payload.note is no longer taken (payload.note)'],
    ],
    [
      'a command takes less',
      command({}),
      command({ payload: z.object({ sku: text.max(9) }) }),
      ['payload.sku takes less: it had no maxLength, it has maxLength 9 (payload.sku)'],
    ],
    [
      'a command refuses what it ignored',
      command({}),
      command({ payload: z.strictObject({ sku: text }) }),
      ['payload refuses fields that it does not know (everybody)'],
    ],
    [
      'a command has another default',
      command({ payload: payload.extend({ note: text.default('a') }) }),
      command({ payload: payload.extend({ note: text.default('b') }) }),
      ['payload.note stands for another value where it is left out: the default was "a", is "b" (everybody)'],
    ],
    [
      'a command has no default any more',
      command({ payload: payload.extend({ note: text.default('a') }) }),
      command({ payload: payload.extend({ note: text.optional() }) }),
      ['payload.note stands for another value where it is left out: the default was "a", is none (everybody)'],
    ],
    [
      'a result has another default',
      query(z.object({ note: text.default('a') })),
      query(z.object({ note: text.default('b') })),
      ['result.note holds another value where nothing else is said: the default was "a", is "b" (result.note)'],
    ],
    [
      'an event has another default',
      event({ note: text.default('a') }),
      event({ note: text.default('b') }),
      ['note holds another value where nothing else is said: the default was "a", is "b" (note)'],
    ],
    [
      'a result may reach its limit now',
      query(z.object({ size: z.number().gt(0) })),
      query(z.object({ size: z.number().gte(0) })),
      ['result.size can be more: it had exclusiveMinimum 0, it has minimum 0 (result.size)'],
    ],
    [
      'a result has finer steps',
      query(z.object({ size: z.number().multipleOf(0.05) })),
      query(z.object({ size: z.number().multipleOf(0.01) })),
      ['result.size can be more: it had multipleOf 0.05, it has multipleOf 0.01 (result.size)'],
    ],
    [
      'an error has another pattern of the same format',
      command({ errors: { gone: z.object({ to: z.email({ pattern: /^a@/ }) }) } }),
      command({ errors: { gone: z.object({ to: z.email({ pattern: /^b@/ }) }) } }),
      ['errors.gone.to can look otherwise: it was email and ^a@, it is email and ^b@ (errors.gone.to)'],
    ],
    [
      'a strict result has a field more',
      query(z.object({ of: z.strictObject({ a: text }) })),
      query(z.object({ of: z.strictObject({ a: text, b: text }) })),
      ['result.of.b is new, and those who read it refuse fields that they do not know (result.of)'],
    ],
    [
      'a result that contains itself',
      query(tree(text)),
      query(tree(z.int())),
      [
        'result.leaf was string, is integer (result.leaf)',
        'result.branches is made of what it lies in, which changes as well (result.branches)',
      ],
    ],
    [
      'a command has no answer any more',
      command({ result: z.object({}) }),
      command({}),
      ['result is no longer there (result)'],
    ],
    [
      'a result loses a field',
      query(z.object({ amount: z.int() })),
      query(z.object({})),
      ['result.amount is no longer there (result.amount)'],
    ],
    [
      'items of a result lose a field',
      query(z.array(z.object({ amount: z.int() }))),
      query(z.array(z.object({}))),
      ['result.amount is no longer there (result.amount)'],
    ],
    [
      'a result may be longer',
      query(z.object({ note: text.max(9) })),
      query(z.object({ note: text })),
      ['result.note can be more: it had maxLength 9, it has no maxLength (result.note)'],
    ],
    [
      'an error is lost',
      command({ errors: code }),
      command({}),
      ['errors.sold_out is no longer answered (errors.sold_out)'],
    ],
    [
      'an error is new',
      command({}),
      command({ errors: code }),
      ['errors.sold_out is a new answer, which nobody knows (errors)'],
    ],
    [
      'an error loses a detail',
      command({ errors: code }),
      command({ errors: { sold_out: z.object({}) } }),
      ['errors.sold_out.left is no longer there (errors.sold_out.left)'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });
});
