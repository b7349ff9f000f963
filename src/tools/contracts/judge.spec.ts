import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, defineEvent } from '../../platform/messaging/define.js';
import type { Change } from './schemas/compare-messages.js';
import type { Consumer } from './sources/consumers.js';
import { messagesOf } from './describe.js';
import { judge, unknownFields } from './judge.js';

const price = z.object({ amount: z.int(), currency: z.string() });
const Moved = defineEvent('shelf.thing-moved.v1', { key: 'sku', payload: z.object({ sku: z.string(), price }) });
const Move = defineCommand('shelf.move-thing.v1', {
  payload: z.object({ sku: z.string(), note: z.string().optional(), prices: z.array(price).optional() }),
  result: z.array(z.object({ place: z.string(), marks: z.record(z.string(), price) })),
  errors: { taken: z.object({ by: z.string() }) },
});
const Rows: z.ZodType = z.lazy(() => z.union([z.int(), z.array(Rows)]));
const Keep = defineCommand('shelf.keep-thing.v1', { payload: z.object({ data: z.json(), rows: Rows }) });
const messages = messagesOf({ name: 'shelf', contracts: { Moved, Move, Keep } });
const [moved, move] = [Moved.definition.name, Move.definition.name];

const consumer = (message: string, fields?: string[], module = 'shop'): Consumer => ({
  module,
  message,
  ...(fields && { fields }),
});

function broken(change: Omit<Change, 'what'>, ...consumers: Consumer[]): readonly string[] {
  const known = messages.get(change.message)!.contract;
  return judge({ ...change, what: 'changed' }, known, consumers, messages).breaks;
}

describe('a change of an event breaks', () => {
  it.each<[string, string | undefined, string[] | undefined, boolean]>([
    ['who needs the field', 'price.amount', ['price.amount'], true],
    ['who needs what it is in', 'price.amount', ['price'], true],
    ['who needs a part of it', 'price', ['price.amount'], true],
    ['who says nothing of what it needs', 'price.amount', undefined, true],
    ['everybody, where it is the whole message', undefined, [], true],
    ['nobody who needs other fields', 'price.amount', ['sku', 'price.currency'], false],
    ['nobody whose field has a name that begins alike', 'price', ['prices'], false],
    ['nobody who needs no field at all', 'price', [], false],
  ])('%s', (_, touches, fields, expected) => {
    const change = { message: moved, ...(touches && { field: touches, touches }) };
    expect(broken(change, consumer(moved, fields))).toEqual(expected ? ['shop'] : []);
  });

  it('the consumers of this message only, and names all of them', () => {
    const consumers = [consumer(moved), consumer(move, undefined, 'other'), consumer(moved, ['sku'], 'third')];
    expect(broken({ message: moved, touches: 'sku' }, ...consumers)).toEqual(['shop', 'third']);
  });
});

describe('a change of a command breaks', () => {
  it.each<[string, string, string[], boolean]>([
    ['everybody, where it is a field that has to be sent', 'payload.sku', [], true],
    ['who sends an optional field', 'payload.note', ['payload.note'], true],
    ['who reads the result', 'result.place', ['result'], true],
    ['who knows its errors, where there is a new one', 'errors', ['errors.taken'], true],
    ['nobody who does not send the optional field', 'payload.note', ['result'], false],
    ['nobody who reads another part of the result', 'result.place', ['result.marks'], false],
    ['nobody who takes all errors alike', 'errors', ['result'], false],
  ])('%s', (_, touches, fields, expected) => {
    expect(broken({ message: move, touches }, consumer(move, fields))).toEqual(expected ? ['shop'] : []);
  });
});

it('says what to do: the next free version, who has to move, when the old one may go', () => {
  const Later = defineEvent('shelf.thing-moved.v2', { key: 'sku', payload: z.object({ sku: z.string() }) });
  const now = messagesOf({ name: 'shelf', contracts: { Moved, Later } });
  const finding = judge({ message: moved, what: 'is gone' }, messages.get(moved)!.contract, [consumer(moved)], now);
  expect(finding).toMatchObject({ level: 'breaking', file: 'modules/shelf/contracts.snapshot.json' });
  expect(finding.todo).toBe(
    'Leave shelf.thing-moved.v1 as it was and publish shelf.thing-moved.v3 beside it. Move shop over; ' +
      'shelf.thing-moved.v1 may go when no module imports it and no outbox holds one any more. ' +
      'See docs/guides/boundaries.md.',
  );
});

it('allows what nobody depends on, with a warning', () => {
  const finding = judge(
    { message: moved, touches: 'price', what: 'is gone' },
    messages.get(moved)!.contract,
    [],
    messages,
  );
  expect(finding).toMatchObject({ level: 'warning', breaks: [], todo: expect.stringMatching(/^No module needs it/) });
});

describe('a declared field', () => {
  it.each([
    [moved, ['sku', 'price', 'price.amount']],
    [move, ['payload', 'payload.sku', 'payload.prices.amount', 'result', 'result.place', 'result.marks.x.amount']],
    [move, ['errors', 'errors.taken', 'errors.taken.by']],
    [Keep.definition.name, ['payload.data', 'payload.data.any.thing', 'payload.rows']],
  ])('a declared field of %s is known: %j', (message, fields) => {
    expect(unknownFields([consumer(message, fields)], messages)).toEqual([]);
  });

  it.each([
    [moved, 'colour', 'sku, price'],
    [moved, 'price.colour', 'sku, price'],
    [moved, 'payload.sku', 'sku, price'],
    [Keep.definition.name, 'payload.rows.size', 'payload.data, payload.rows'],
    [move, 'sku', 'payload.sku, payload.note, payload.prices, result, errors.taken'],
    [move, 'result.colour', 'payload.sku, payload.note, payload.prices, result, errors.taken'],
    [move, 'errors.gone', 'payload.sku, payload.note, payload.prices, result, errors.taken'],
    [move, 'errors.taken.at', 'payload.sku, payload.note, payload.prices, result, errors.taken'],
  ])('a declared field of %s is refused: %s', (message, field, has) => {
    expect(unknownFields([consumer(message, [field])], messages)).toEqual([
      {
        level: 'wrong',
        file: 'modules/shop/module.json',
        message,
        field,
        what: `is declared under "consumes", but ${message} does not have it`,
        breaks: ['shop'],
        todo: `Declare a field that it has: ${has}.`,
      },
    ]);
  });
});
