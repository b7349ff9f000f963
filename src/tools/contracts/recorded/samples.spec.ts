import { describe, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { EventsHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { modules } from '../../../modules.js';
import { contextOptions } from '../../../platform/bounded-context.js';
import { defineCommand, defineEvent } from '../../../platform/messaging/define.js';
import { Saga } from '../../../platform/sagas/saga.js';
import { messagesOf } from '../describe.js';
import { readRecorded } from './files.js';
import { inventSample, unreadable, unsampled } from './samples.js';
import { storedMessagesOf } from './stored.js';

const contexts = modules.map((module) => contextOptions(module)!);

describe('what outboxes may hold', () => {
  const samples = new Map(
    contexts.map((context) => [context, readRecorded(process.cwd(), context.name).samples.samples]),
  );

  it('can be read with the classes of today, each version that was ever published', async () => {
    for (const [context, own] of samples) expect([...unreadable(own, await storedMessagesOf(context))]).toEqual([]);
  });

  it('has a sample for each message', async () => {
    for (const [context, own] of samples) expect(unsampled(own, await storedMessagesOf(context))).toEqual([]);
  });
});

it('a module may hold what it says to itself: events that it handles, and what its sagas wait for', async () => {
  const payload = z.object({ key: z.string() });
  class Published extends defineEvent('shelf.thing-moved.v1', { key: 'key', payload }) {}
  class Begun extends defineEvent('shelf.sorting-begun.v1', { key: 'key', payload }) {}
  class Heard extends defineEvent('shelf.shelf-heard.v1', { key: 'key', payload }) {}
  class Elsewhere extends defineEvent('shop.thing-sold.v1', { key: 'key', payload }) {}
  class Sort extends defineCommand('shelf.sort-things.v1', { payload }) {}
  @Injectable()
  class Sorting extends Saga<object> {
    constructor(readonly log: Logger) {
      super('shelf.sorting', z.object({}));
      this.starts(
        Begun,
        ({ key }) => key,
        () => ({ state: {} }),
      );
      this.on(
        Elsewhere,
        ({ key }) => key,
        () => ({}),
      );
      this.onReply(Sort, () => ({}));
    }
  }
  @EventsHandler(Heard, Elsewhere)
  class WhenHeard {}
  const shelf = { name: 'shelf', contracts: { Published }, providers: [Sorting, WhenHeard] };
  const names = [Published, Begun, Heard, Sort].map((type) => type.definition.name);
  expect([...(await storedMessagesOf(shelf)).keys()].sort()).toEqual(names.sort());
});

const messageWith = (field: z.ZodType) => {
  const payload = z.object({ key: z.string(), field });
  return messagesOf({
    name: 'shelf',
    contracts: { Thing: defineEvent('shelf.thing-moved.v1', { key: 'key', payload }) },
  });
};

describe('a stored sample', () => {
  it('is unreadable when its class wants more', () => {
    const [problem] = unreadable({ 'shelf.thing-moved.v1': { key: 'a' } }, messageWith(z.string())).values();
    expect(problem).toMatch(/^its stored sample cannot be read any more: shelf\.thing-moved\.v1: .*expected string/s);
  });

  it('is readable when its class has a default for what it lacks', () => {
    expect(unreadable({ 'shelf.thing-moved.v1': { key: 'a' } }, messageWith(z.string().default('')))).toEqual(
      new Map(),
    );
  });

  it('outlives its class until somebody says that no outbox holds one', () => {
    expect(unreadable({ 'shelf.thing-moved.v1': { key: 'a' } }, new Map())).toEqual(
      new Map([
        ['shelf.thing-moved.v1', 'is not published any more: remove its sample when no outbox holds such a message'],
      ]),
    );
  });
});

const Chain: z.ZodType = z.lazy(() => z.object({ leaf: z.string(), more: z.array(Chain), next: Chain.optional() }));

describe('a sample is made up for', () => {
  it.each<[string, z.ZodType]>([
    ['text', z.string()],
    ['short text', z.string().min(3).max(4)],
    ['a currency', z.string().regex(/^[A-Z]{3}$/)],
    ['an identifier', z.uuid()],
    ['a time', z.iso.datetime()],
    ['a date', z.iso.date()],
    ['an address', z.email()],
    ['a web address', z.url()],
    ['a number', z.number().min(0.5).max(0.75)],
    ['a whole number', z.int().min(5)],
    ['a negative number', z.int().max(-5)],
    ['a number between two', z.number().gt(1).lt(2)],
    ['fine steps', z.number().multipleOf(0.05).gt(0.1)],
    ['steps', z.number().multipleOf(5).min(7)],
    ['yes or no', z.boolean()],
    ['one of several', z.enum(['a', 'b'])],
    ['one value', z.literal(7)],
    ['nothing', z.null()],
    ['something optional', z.string().optional()],
    ['a default', z.string().default('x')],
    ['a list', z.array(z.int()).min(2)],
    ['an empty list', z.array(z.int()).max(0)],
    ['a tuple', z.tuple([z.string(), z.int()])],
    ['a record', z.record(z.string(), z.int())],
    ['a record of given names', z.record(z.enum(['a', 'b']), z.int())],
    [
      'one of several shapes',
      z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
    ],
    ['free-form data', z.json()],
    ['a chain of its own kind', z.lazy(() => z.object({ next: Chain.optional() }))],
    ['text around a value', z.templateLiteral(['order-', z.int()])],
    ['text with an end', z.string().startsWith('a-').endsWith('-z').includes('m')],
  ])('%s', (_, field) => {
    const [message] = messageWith(field).values();
    const sample = inventSample(message!);
    expect(() => new message!.type(sample as never)).not.toThrow();
    expect(inventSample(message!)).toEqual(sample);
  });

  it('nothing that only a person can know', () => {
    const [message] = messageWith(z.string().regex(/^[0-9]{4} [A-Z]{2}$/)).values();
    expect(inventSample(message!)).toBeUndefined();
  });
});
