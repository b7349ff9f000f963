import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineEvent, Subscription } from '../../src/platform/index.js';
import type { StoredMessage } from '../../src/platform/transaction/message.js';
import { within } from '../../src/platform/delivery/checkpoint/share.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const KEYS = Array.from({ length: 16 }, (_, index) => `key-${index}`);

class Said extends defineEvent('speaker.said.v1', {
  key: 'key',
  payload: z.object({ key: z.string(), n: z.int() }),
}) {}

class Heard1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE heard (at bigint GENERATED ALWAYS AS IDENTITY, key text NOT NULL, n int NOT NULL)',
    );
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE heard');
  }
}

@BoundedContext({ name: 'speaker', contracts: { Said }, providers: [], migrations: [] })
class Speaker {}

/** Handlers wait here, if a test wants them to. */
const door = { shut: false, waiting: new Set<string>() };

/** The same listener, as versions of the application with other numbers of partitions have it. */
function listener(partitions: number): Type {
  @EventsHandler(Said)
  @Subscription({ name: 'ear', partitions })
  class WhenSaid implements IEventHandler<Said> {
    constructor(private readonly database: Database) {}

    async handle({ key, n }: Said) {
      if (door.shut) door.waiting.add(key);
      await eventually(() => !door.shut, 'the door being open', 60_000);
      await this.database.sql('INSERT INTO heard (key, n) VALUES ($1, $2)', [key, n]);
    }
  }

  @BoundedContext({ name: 'listener', contracts: {}, providers: [WhenSaid], migrations: [Heard1790000000000] })
  class Listener {}
  return Listener;
}

const versions = new Map([1, 3, 4].map((partitions) => [partitions, [Speaker, listener(partitions)]]));

describe('a subscription in partitions', () => {
  let database: TestDatabase;
  let said = 0;
  beforeAll(async () => void (database = await testDatabase(versions.get(1)!)), 60_000);
  afterAll(() => database.drop());

  const replica = (partitions: number) => startReplica(database, versions.get(partitions)!);
  const say = async (speaker: Replica, times: number) => {
    for (let round = 0; round < times; round++, said++)
      await speaker.publish(...KEYS.map((key) => new Said({ key, n: said })));
  };
  const heard = (of: Replica) => of.sql<{ key: string; n: number }>('listener', 'SELECT key, n FROM heard ORDER BY at');

  /** Everything that was said, each once, and in order for each key. */
  async function expectAll(of: Replica): Promise<void> {
    const all = said * KEYS.length;
    await eventually(async () => (await heard(of)).length >= all, 'everything being heard', 30_000);
    const rows = await heard(of);
    expect(rows).toHaveLength(all);
    for (const key of KEYS) {
      const numbers = rows.filter((row) => row.key === key).map(({ n }) => n);
      expect(numbers).toEqual(Array.from({ length: said }, (_, n) => n));
    }
  }

  it('works on several keys at a time, each in order', async () => {
    const only = await replica(4);
    door.shut = true;
    await say(only, 3);
    // One loop alone would wait with its first message.
    await eventually(() => door.waiting.size === 4, 'four handlers at a time');
    door.shut = false;
    await expectAll(only);
    await only.stop();
  });

  it('leaves connections for others, however many of its handlers wait', async () => {
    const only = await startReplica(database, versions.get(4)!, {}, undefined, { poolSize: 2 });
    door.shut = true;
    door.waiting.clear();
    await say(only, 1);
    await eventually(() => door.waiting.size > 0, 'a handler waiting');
    for (let n = 0; n < 10; n++) expect(await only.sql('listener', 'SELECT')).toHaveLength(1);
    door.shut = false;
    await expectAll(only);
    await only.stop();
  });

  it.each([
    [4, 1],
    [1, 4],
    [4, 3],
    [3, 1],
  ])(
    'loses and doubles nothing when %i become %i in the middle of it',
    async (before, after) => {
      const first = await replica(before);
      const saying = say(first, 20);
      await eventually(async () => (await heard(first)).length > (said - 10) * KEYS.length);
      // Both versions run for a while, as in a rolling deployment.
      const second = await replica(after);
      await saying;
      await first.stop();
      await say(second, 5);
      await expectAll(second);
      const rows = await second.sql(
        'listener',
        `SELECT part, parts FROM consumer_progress WHERE consumer = 'listener.ear'`,
      );
      expect(rows).toHaveLength(after);
      await second.stop();
    },
    60_000,
  );

  it('does not hear again what a faster share had heard before', async () => {
    const other = await testDatabase(versions.get(1)!);
    const speaker = await startReplica(other, [Speaker]);
    await speaker.publish(...KEYS.map((key) => new Said({ key, n: 0 })));
    const [{ head }] = (await speaker.sql<{ head: number }>('speaker', 'SELECT max(seq)::int AS head FROM outbox')) as [
      { head: number },
    ];
    await speaker.stop();
    const client = new pg.Client(other.adminUrl);
    await client.connect();
    // Of two shares, one had come to the end and one had not begun.
    await client.query(
      `INSERT INTO listener.consumer_progress (consumer, producer, part, parts, position)
       VALUES ('listener.ear', 'speaker', 0, 2, 0), ('listener.ear', 'speaker', 1, 2, $1)`,
      [head],
    );
    await client.end();
    const slow = KEYS.filter((key) => within({ part: 0, of: 2 }, [{ aggregateid: key } as StoredMessage]).length > 0);
    const next = await startReplica(other, versions.get(3)!);
    await next.publish(...KEYS.map((key) => new Said({ key, n: 1 })));
    await eventually(async () => (await heard(next)).length >= slow.length + KEYS.length, 'what was left', 30_000);
    expect(
      (await heard(next))
        .filter(({ n }) => n === 0)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(slow.sort());
    const remembered = () => next.sql(`listener`, `SELECT FROM consumer_progress WHERE passed <> '[]'`);
    await eventually(async () => (await remembered()).length === 0, 'nothing being remembered for ever');
    await next.stop();
    await other.drop();
  });
});

it.each([0, 65, 1.5, NaN])('has to be 1 to 64 partitions, not %s', (partitions) => {
  expect(() => Subscription({ name: 'ear', partitions })).toThrow(
    `@Subscription ear: partitions has to be a whole number from 1 to 64, not ${partitions}.`,
  );
});
