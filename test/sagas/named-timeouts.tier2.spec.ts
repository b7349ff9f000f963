import type { Type } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DEFAULT_RETRY } from '../../src/platform/delivery/consumer/consumer.js';
import { BoundedContext, defineEvent, Saga } from '../../src/platform/index.js';
import { Sagas } from '../../src/platform/operations/sagas.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const id = z.string();
class Opened extends defineEvent('auction.opened.v1', { key: 'id', payload: z.object({ id, closesAt: z.string() }) }) {}
class Bid extends defineEvent('auction.bid.v1', { key: 'id', payload: z.object({ id, last: z.boolean() }) }) {}

const State = z.object({ id, step: z.enum(['open', 'closed']), told: z.array(z.string()) });
type State = z.output<typeof State>;

/** Two days, by the clock of nobody: no spec waits for it. */
const FAR = { afterMs: 2 * 86_400_000 };
/** The instances whose reminders fail at present. */
const failing = new Set<string>();

/** Reminds, again and again, of an auction that closes at a moment. */
@Injectable()
class Auction extends Saga<State> {
  constructor() {
    super('auction.auction', State);
    const tell = (state: State, what: string): State => ({ ...state, told: [...state.told, what] });
    this.starts(
      Opened,
      (e) => e.id,
      ({ id: auction, closesAt }) => ({
        state: { id: auction, step: 'open', told: [] },
        timeouts: { reminder: FAR, closing: { at: new Date(closesAt) } },
      }),
    );
    this.on(
      Bid,
      (e) => e.id,
      (state, { last }) => (last ? { done: true } : { state: tell(state, 'bid'), timeouts: { reminder: null } }),
    );
    this.onTimeout('reminder', (state) => {
      if (failing.has(state.id)) throw new Error('nobody to remind');
      return { state: tell(state, 'reminder'), timeouts: { reminder: FAR } };
    });
    this.onTimeout('closing', (state) => ({ state: tell({ ...state, step: 'closed' }, 'closing'), done: true }));
  }
}

@BoundedContext({ name: 'auction', contracts: { Opened, Bid }, providers: [Auction] })
class AuctionModule {}
const modules: readonly Type[] = [AuctionModule];

let data: TestDatabase;
let replica: Replica;
beforeAll(async () => {
  data = await testDatabase(modules);
  replica = await startReplica(data, modules);
}, 60_000);
afterAll(async () => {
  await replica.stop();
  await data.drop();
});

const sql = <T extends object>(text: string, ...values: unknown[]) => replica.sql<T>('auction', text, values);
const told = async (auction: string) =>
  (await sql<{ told: string[] }>(`SELECT state->'told' AS told FROM saga WHERE id = $1`, auction))[0]?.told;
const armed = async (auction: string) =>
  (await sql<{ name: string }>('SELECT name FROM named_timeout WHERE id = $1 ORDER BY name', auction)).map(
    ({ name }) => name,
  );
const makeDue = (auction: string, name: string) =>
  sql(`UPDATE named_timeout SET due_at = now() - interval '1 s' WHERE id = $1 AND name = $2`, auction, name);
const closesAt = '2100-01-01T00:00:00.000Z';
const open = async (auction: string) => {
  await replica.publish(new Opened({ id: auction, closesAt }));
  await eventually(async () => (await armed(auction)).length === 2, 'both timeouts');
};
const sagas = () => new Sagas(replica.runtime);

describe('timeouts with names of their own', () => {
  it('run beside each other: each passes by itself, and may be armed again', async () => {
    await open('a');
    const [{ due }] = (await sql(`SELECT due_at AS due FROM named_timeout WHERE id = 'a' AND name = 'closing'`)) as [
      { due: Date },
    ];
    expect(due.toISOString()).toBe(closesAt);
    for (const times of [1, 2]) {
      await makeDue('a', 'reminder');
      await eventually(async () => (await told('a'))?.length === times, `reminder ${times}`);
    }
    expect(await armed('a')).toEqual(['closing', 'reminder']);
    const [shown] = await sagas().show('a');
    expect(shown!.waitsFor).toEqual([
      expect.stringMatching(/^timeout reminder at .*Z$/),
      `timeout closing at ${closesAt}`,
    ]);
    expect(shown).toMatchObject({ stuck: false });
    await makeDue('a', 'closing');
    await eventually(async () => (await told('a'))?.at(-1) === 'closing', 'the closing');
    expect(await sagas().list(10)).toEqual([]);
  });

  it('one is disarmed by its name, the other stays', async () => {
    await open('b');
    await replica.publish(new Bid({ id: 'b', last: false }));
    await eventually(async () => (await armed('b')).join() === 'closing', 'the closing alone');
  });

  it('the end of the instance disarms all of them', async () => {
    await open('c');
    await replica.publish(new Bid({ id: 'c', last: true }));
    const ended = `SELECT FROM saga WHERE id = 'c' AND ended_at IS NOT NULL`;
    await eventually(async () => (await sql(ended)).length > 0, 'the end');
    await open('d');
    for (const auction of ['c', 'd']) await makeDue(auction, 'reminder');
    await eventually(async () => (await told('d'))?.length === 1, 'the reminder of another');
    expect(await told('c')).toEqual([]);
    expect((await sagas().show('c'))[0]!.waitsFor).toEqual([]);
  });

  it('one that fails is a dead letter in the end, holds up no other, and can be retried', async () => {
    failing.add('e');
    await open('e');
    const last = DEFAULT_RETRY.attempts - 1;
    await sql(`UPDATE named_timeout SET due_at = now(), attempts = $1 WHERE id = 'e' AND name = 'reminder'`, last);
    const [shown] = await eventually(async () => {
      const found = await sagas().show('e');
      return found[0]!.stuck && found;
    }, 'the dead letter');
    expect(shown!.waitsFor.at(-1)).toMatch(/^timeout reminder: dead letter, failed 20 times: Error: nobody to remind/);
    expect(shown!.timeline.at(-1)).toMatchObject({ heard: 'timeout reminder', error: expect.any(String) });
    failing.delete('e');
    expect(await sagas().retryTimeout('e', { by: 'a spec', reason: 'There is somebody again.' })).toBe(1);
    await eventually(async () => (await told('e'))?.length === 1, 'the reminder');
    await makeDue('e', 'closing');
    await eventually(async () => (await told('e'))?.length === 2, 'the closing');
  });

  it('one that this version does not declare stays armed', async () => {
    await open('f');
    await sql(`UPDATE named_timeout SET name = 'of-another', due_at = now() WHERE id = 'f' AND name = 'reminder'`);
    await makeDue('f', 'closing');
    await eventually(async () => (await told('f'))?.join() === 'closing', 'the other');
    expect(await armed('f')).toEqual(['of-another']);
  });
});
