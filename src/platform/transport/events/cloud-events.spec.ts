import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../../transaction/message.js';
import { fromCloudEvent, toCloudEvent } from './cloud-events.js';

const message: StoredMessage = {
  seq: 9_007_199_254_740_991,
  id: '3f0f9a30-8f5e-4a53-9df5-1b1b8a4b2e3c',
  producer: 'notes',
  aggregatetype: 'notes',
  aggregateid: 'tea & "milk" ☕',
  type: 'notes.note-written.v1',
  payload: { topic: 'tea', nested: { list: [1, null, 'x'] } },
  created_at: '2026-11-21T05:46:15.123Z',
  headers: {
    correlationid: 'c-1',
    causationid: 'c-2',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    actor: { sub: 'alice', role: 'customer' },
  },
};
const reply: StoredMessage = {
  ...message,
  headers: { ...message.headers, replyto: { module: 'shop', saga: 'posting', id: 'p-1' } },
};
const wire = (stored: StoredMessage) => JSON.parse(JSON.stringify(toCloudEvent(stored))) as Record<string, unknown>;

describe('a stored message as a CloudEvent', () => {
  it.each([
    ['an event', message],
    ['a durable command that wants a reply', reply],
  ])('is the same after the way there and back: %s', (_, stored) => {
    expect(fromCloudEvent(wire(stored))).toEqual(stored);
  });

  it('has the required attributes of version 1.0, each a non-empty string', () => {
    const event = wire(message);
    expect(event['specversion']).toBe('1.0');
    for (const name of ['id', 'source', 'type']) expect(event[name]).toMatch(/./);
  });

  it('names its attributes with lower-case letters and digits, not too long, and keeps them simple', () => {
    const { data, ...attributes } = wire(reply);
    expect(data).toEqual(reply.payload);
    for (const [name, value] of Object.entries(attributes)) {
      expect(name).toMatch(/^[a-z0-9]{1,20}$/);
      expect(typeof value).toBe('string');
    }
  });

  it('has a source that is a URI reference, a time of RFC 3339, and JSON as its data', () => {
    const { source, time, datacontenttype } = wire(message);
    expect(new URL(String(source), 'http://x').pathname).toBe('/modules/notes');
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(datacontenttype).toBe('application/json');
  });

  it('may carry attributes that nobody here knows', () => {
    expect(fromCloudEvent({ ...wire(message), partitionkey: 'x' })).toEqual(message);
  });

  it.each(['specversion', 'id', 'source', 'type', 'subject', 'sequence', 'data', 'traceparent', 'actor'])(
    'is refused without its %s',
    (name) => {
      const { [name]: _, ...rest } = wire(message);
      expect(() => fromCloudEvent(rest)).toThrow();
    },
  );

  it.each([
    ['another version', { specversion: '0.3' }],
    ['another kind of data', { datacontenttype: 'text/xml' }],
    ['data that is no object', { data: 'text' }],
    ['a source that is no module', { source: '/elsewhere/notes' }],
    ['a sequence that is no number', { sequence: 'ten' }],
  ])('is refused with %s', (_, change) => {
    expect(() => fromCloudEvent({ ...wire(message), ...change })).toThrow();
  });
});
