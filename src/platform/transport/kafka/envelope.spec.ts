import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../../transaction/message.js';
import type { Sealed } from './envelope.js';
import { Envelopes, messageIn, wanted } from './envelope.js';

const [old, next] = ['old'.repeat(12), 'next'.repeat(9)];
const message: StoredMessage = {
  seq: 7,
  producer: 'letters',
  id: '0b0e7c62-6d0c-4f8e-8f3a-1d3e5b7a9c11',
  aggregatetype: 'letters',
  aggregateid: 'a',
  type: 'letters.letter-sent.v1',
  payload: { id: 'a', to: 'Zoë' },
  headers: { correlationid: 'c', causationid: 'c', traceparent: '', actor: { sub: 'system', role: 'system' } },
  created_at: '2026-01-02T03:04:05.000Z',
};
const sealed = (by = new Envelopes(old)) => by.seal('liftout.letters', message, 5);
const textOf = ({ headers }: Sealed) =>
  Object.fromEntries([...headers].map(([name, value]) => [name.toString(), value.toString()]));

describe('a record of a topic', () => {
  it('is a CloudEvent in binary mode, keyed by the aggregate', () => {
    const { key, value } = sealed();
    expect([key.toString(), JSON.parse(value.toString())]).toEqual(['a', message.payload]);
    expect(textOf(sealed())).toMatchObject({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: message.id,
      ce_source: '/modules/letters',
      ce_type: message.type,
      ce_subject: 'a',
      ce_time: message.created_at,
      ce_sequence: '7',
      'liftout-after': '5',
    });
  });

  it.each([
    ['is signed with our secret', new Envelopes(old), new Envelopes(old), true],
    ['is signed with the secret that is to come', new Envelopes(old, next), new Envelopes(next, old), true],
    ['is signed with the secret before', new Envelopes(next, old), new Envelopes(old), true],
    ['is signed with a secret that is accepted no more', new Envelopes(next), new Envelopes(old, next), false],
  ])('counts where it %s', (_, reader, writer, accepted) => {
    const envelope = reader.open('liftout.letters', sealed(writer));
    expect(envelope && messageIn(envelope)).toEqual(accepted ? message : undefined);
    expect(envelope?.after).toBe(accepted ? 5 : undefined);
  });

  it.each<[string, (record: Sealed) => Sealed, string]>([
    ['is in another topic', (record) => record, 'liftout.others'],
    ['has another value', (record) => ({ ...record, value: Buffer.from('{"id":"b"}') }), 'liftout.letters'],
    [
      'has another header',
      (record) => ({ ...record, headers: changed(record, 'ce_sequence', '8') }),
      'liftout.letters',
    ],
    [
      'has no signature',
      (record) => ({ ...record, headers: changed(record, 'liftout-signature', '') }),
      'liftout.letters',
    ],
  ])('does not count where it %s', (_, change, topic) => {
    expect(new Envelopes(old).open(topic, change(sealed()))).toBeUndefined();
  });

  it('is wanted by its stream and its type', () => {
    const envelope = new Envelopes(old).open('liftout.letters', sealed())!;
    const by = (streams: string[], types: string[]) => wanted({ streams, types })(envelope);
    expect([by(['letters'], []), by(['letters'], [message.type])]).toEqual([true, true]);
    expect([by(['others'], []), by(['letters'], ['letters.letter-lost.v1'])]).toEqual([false, false]);
  });
});

const changed = ({ headers }: Sealed, name: string, value: string) =>
  new Map([...headers].map(([key, old]) => [key, key.toString() === name ? Buffer.from(value) : old] as const));
