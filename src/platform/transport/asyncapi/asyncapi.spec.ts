import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { defineCommand, defineEvent } from '../../messaging/define.js';
import type { Messaging } from './asyncapi.js';
import { asyncApiOf } from './asyncapi.js';

const tree = z.object({
  label: z.string(),
  get twigs() {
    return z.array(tree);
  },
});

class LetterWritten extends defineEvent('letters.letter-written.v1', {
  key: 'letterId',
  payload: z.object({ letterId: z.uuid(), pages: z.int().min(1), tree, note: z.string().optional() }),
}) {}
class BookCourier extends defineCommand('couriers.book-courier.v1', {
  payload: z.object({ letterId: z.uuid() }),
  result: z.object({ bookingId: z.string() }),
}) {}

const messaging: Messaging = {
  info: { title: 'letters', version: '1.2.3' },
  modules: [
    { name: 'letters', contracts: { LetterWritten, limit: 3 } },
    { name: 'couriers', contracts: { BookCourier } },
    { name: 'archive', contracts: {} },
  ],
  receivers: [
    {
      module: 'archive',
      name: 'archive.keeper',
      types: ['letters.letter-written.v1', 'letters.of-another-version.v1'],
    },
    { module: 'letters', name: 'letters.posting', types: ['couriers.book-courier.v1.reply'] },
    { module: 'couriers', name: 'couriers.commands', types: ['couriers.book-courier.v1'] },
  ],
  senders: [{ module: 'letters', commands: [BookCourier] }],
};

interface Document {
  channels: Record<string, { address: string; messages: Record<string, unknown> }>;
  operations: Record<string, { action: string; channel: object; messages?: object[] }>;
  components: {
    messages: Record<string, { payload: object; examples: { payload: object }[] }>;
    schemas: Record<string, object>;
  };
}

const documentOf = (changed: Partial<Messaging> = {}) =>
  asyncApiOf({ ...messaging, ...changed }) as unknown as Document;

/** The schema of AsyncAPI itself. */
function official() {
  const path = createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json');
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object);
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === '$ref' ? [inner as string] : references(inner)));
}

/** What a reference leads to; a part of a name is written with `~1` for a slash. */
const at = (document: object, ref: string) =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((place, part) => (place as Record<string, unknown> | undefined)?.[part], document);

describe('the AsyncAPI document', () => {
  it('is valid by the schema of AsyncAPI, which refuses another one', () => {
    const valid = official();
    expect([valid(documentOf()), valid.errors]).toEqual([true, null]);
    expect(valid({ ...documentOf(), operations: { letters: { action: 'shout' } } })).toBe(false);
  });

  it('has no reference that leads nowhere, also of a schema that contains itself', () => {
    const document = documentOf();
    const all = references(document);
    expect(all).toContain('#/components/schemas/letters.letter-written.v1.__schema0');
    for (const ref of all) expect([ref, at(document, ref)]).not.toEqual([ref, undefined]);
  });

  it('has a channel for the outbox of each module that says something, once for each transport', () => {
    const { channels } = documentOf();
    expect(Object.keys(channels)).toEqual(['letters.feed', 'couriers.feed', 'letters.nats', 'couriers.nats']);
    expect(channels['letters.feed']!.address).toBe('/seam/v1/feeds/letters');
    const said = ['letters.letter-written.v1', 'couriers.book-courier.v1'];
    expect(Object.keys(channels['letters.nats']!.messages)).toEqual(said);
    expect(Object.keys(channels['couriers.feed']!.messages)).toEqual(['couriers.book-courier.v1.reply']);
  });

  it('says who receives what, and nothing of messages that no contract has', () => {
    const { operations } = documentOf();
    const receives = Object.entries(operations).filter(([, { action }]) => action === 'receive');
    expect(receives.map(([name]) => name).filter((name) => name.endsWith('.feed'))).toEqual([
      'archive.keeper.receives.letters.feed',
      'letters.posting.receives.couriers.feed',
      'couriers.commands.receives.letters.feed',
    ]);
    expect(operations['archive.keeper.receives.letters.nats']!.messages).toEqual([
      { $ref: '#/channels/letters.nats/messages/letters.letter-written.v1' },
    ]);
  });

  it('has examples that its own schemas accept, and that they refuse with a wrong field', () => {
    const { components } = documentOf();
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'document', components });
    for (const [name, { examples }] of Object.entries(components.messages)) {
      const check = ajv.compile({ $ref: `document#/components/messages/${name}/payload` });
      const [{ payload }] = examples as [{ payload: Record<string, unknown> }];
      expect([name, check(payload), check.errors]).toEqual([name, true, null]);
      expect(check({ ...payload, type: 'another' })).toBe(false);
    }
    const check = ajv.compile({ $ref: 'document#/components/schemas/letters.letter-written.v1' });
    expect(check({ letterId: 'x', pages: 0, tree: { label: '', twigs: [] } })).toBe(false);
  });
});
