import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../../transaction/message.js';
import { Envelopes } from './envelope.js';

const [old, next] = ['old'.repeat(12), 'next'.repeat(9)];
const message: StoredMessage = {
  seq: 7,
  producer: 'letters',
  id: '0b0e7c62-6d0c-4f8e-8f3a-1d3e5b7a9c11',
  aggregatetype: 'letters',
  aggregateid: 'a',
  type: 'letters.letter-sent.v1',
  payload: { id: 'a' },
  headers: { correlationid: 'c', causationid: 'c', traceparent: '', actor: { sub: 'system', role: 'system' } },
  created_at: '2026-01-02T03:04:05.000Z',
};
const heartbeat = { settled: 7, last: 7, stream: 1, head: 7 };

describe('what lies in a stream', () => {
  const opened = (by: Envelopes, sealing: Envelopes) => {
    const { subject, headers, id, body } = sealing.seal(message, 0);
    headers.set('Nats-Msg-Id', id);
    return by.open({ subject, headers, data: Buffer.from(body) });
  };

  it.each([
    ['is signed with our secret', new Envelopes(old), new Envelopes(old), true],
    ['is signed with the secret that is to come', new Envelopes(old, next), new Envelopes(next, old), true],
    ['is signed with the secret before', new Envelopes(next, old), new Envelopes(old), true],
    ['is signed with a secret that is accepted no more', new Envelopes(next), new Envelopes(old, next), false],
  ])('counts where it %s', (_, reader, writer, accepted) => {
    expect(opened(reader, writer) !== undefined).toBe(accepted);
    expect(reader.openHeartbeat('s', writer.sealHeartbeat('s', heartbeat))).toEqual(accepted ? heartbeat : undefined);
  });
});
