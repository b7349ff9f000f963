import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { replay } from '../../src/platform/delivery/maintenance/replay.js';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { BoundedContext, Database, Subscription } from '../../src/platform/index.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CounterRaised, CountingModule, RaiseCounter } from '../support/counting.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let trouble = { handling: '', resetting: false };

/** A read model: every raise it has heard, as often as it has heard it. */
@EventsHandler(CounterRaised)
@Subscription({ name: 'page', rebuildable: true, retry: { attempts: 1 } })
class Page implements IEventHandler<CounterRaised> {
  constructor(private readonly database: Database) {}

  async handle({ counter, value }: CounterRaised) {
    if (counter === trouble.handling) throw new Error('cannot show this');
    await this.database.sql('INSERT INTO page (counter, value) VALUES ($1, $2)', [counter, value]);
  }

  async reset() {
    await this.database.sql('DELETE FROM page');
    if (trouble.resetting) throw new Error('cannot empty this');
  }
}

class Pages1790000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE page (n bigint GENERATED ALWAYS AS IDENTITY, counter text NOT NULL, value int NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE page');
  }
}

@BoundedContext({ name: 'mirror', contracts: {}, providers: [Page], migrations: [Pages1790000000001] })
class MirrorModule {}

const modules = [CountingModule, MirrorModule];

describe('a replay', () => {
  let data: TestDatabase;
  let replica: Replica;
  let other: Replica;
  let counter: string;

  beforeAll(async () => {
    data = await testDatabase(modules);
    replica = await startReplica(data, modules);
    other = await startReplica(data, modules);
  });
  afterAll(async () => {
    await Promise.all([replica.stop(), other.stop()]);
    await data.drop();
  });
  beforeEach(() => {
    trouble = { handling: '', resetting: false };
    counter = randomUUID();
  });

  const raise = async (times = 1) => {
    for (let n = 0; n < times; n++) await replica.execute(new RaiseCounter({ counter }));
  };
  const shown = async () => {
    const text = 'SELECT value FROM page WHERE counter = $1 ORDER BY n';
    return (await replica.sql<{ value: number }>('mirror', text, [counter])).map(({ value }) => value);
  };
  const count = async (module: string, table: string) =>
    (await replica.sql<{ n: number }>(module, `SELECT count(*)::int AS n FROM ${table}`))[0]!.n;
  const raised = async (times: number) => {
    await raise(times);
    await eventually(async () => (await shown()).length === times, 'everything being shown');
  };
  const again = (from: Date | 'start', name = 'mirror.page') => replay(replica.runtime, name, from);

  it('a replay from the start builds the read model anew, and affects no other consumer', async () => {
    await raised(5);
    await replica.sql('mirror', `INSERT INTO page (counter, value) VALUES ('never said', 0)`);
    const messages = await count('counting', 'outbox');
    await eventually(
      async () => (await count('counting', 'heard')) === messages,
      'the other consumer having heard all',
    );
    expect(await again('start')).toEqual([{ producer: 'counting', messages }]);
    await eventually(async () => (await shown()).length === 5, 'everything being shown again');
    expect(await shown()).toEqual([1, 2, 3, 4, 5]);
    await eventually(async () => (await count('mirror', 'page')) === messages);
    expect(await count('counting', 'heard')).toBe(messages);
  });

  it('a replay from a moment repeats what was said since', async () => {
    await raised(3);
    const [{ at }] = (await replica.sql<{ at: Date }>('counting', 'SELECT clock_timestamp() AS at')) as [{ at: Date }];
    await raise(2);
    await eventually(async () => (await shown()).length === 5);
    expect(await again(at)).toEqual([{ producer: 'counting', messages: 2 }]);
    await eventually(async () => (await shown()).length === 7, 'the last two being shown again');
    expect(await shown()).toEqual([1, 2, 3, 4, 5, 4, 5]);
  });

  it('a replay from a moment repeats also what had been handled before its turn', async () => {
    await raised(5);
    const at = `SELECT max(seq)::float8 AS last, (SELECT created_at FROM outbox ORDER BY seq DESC OFFSET 1 LIMIT 1) AS at FROM outbox`;
    const [{ last, at: from }] = (await replica.sql<{ last: number; at: Date }>('counting', at)) as [
      { last: number; at: Date },
    ];
    const text = `UPDATE consumer_progress SET position = $1, passed = $2 WHERE consumer = 'mirror.page'`;
    const passed = JSON.stringify([{ part: 0, of: 1, position: last }]);
    await replica.sql('mirror', text, [last - 2, passed]);
    await again(from);
    await eventually(async () => (await shown()).length >= 7, 'the last two being shown again');
    expect(await shown()).toEqual([1, 2, 3, 4, 5, 4, 5]);
  });

  it('takes in what was put aside since then, dead letters too', async () => {
    trouble.handling = counter;
    await raise(3);
    await eventually(async () => (await count('mirror', 'parked_message')) === 3, 'all three being put aside');
    trouble.handling = '';
    await again('start');
    await eventually(async () => (await shown()).length === 3, 'all three being shown');
    expect(await shown()).toEqual([1, 2, 3]);
    expect(await count('mirror', 'parked_message')).toBe(0);
  });

  it('under load shows everything once and in order in the end', async () => {
    const writing = raise(60);
    await eventually(async () => (await shown()).length > 10);
    await again('start');
    await again('start');
    await writing;
    await eventually(async () => (await shown()).length >= 60, 'everything being shown');
    expect(await shown()).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });

  it('a replay that fails changes nothing', async () => {
    await raised(2);
    trouble.resetting = true;
    const progress = () => replica.sql('mirror', 'SELECT position FROM consumer_progress');
    await expect(again('start')).rejects.toThrow('cannot empty this');
    trouble.resetting = false;
    expect(await shown()).toEqual([1, 2]);
    await raise();
    await eventually(async () => (await shown()).length === 3);
    expect(await shown()).toEqual([1, 2, 3]);
    expect(await progress()).toHaveLength(1);
  });

  it('moves no consumer forward', async () => {
    await raised(1);
    expect(await again(new Date())).toEqual([{ producer: 'counting', messages: 0 }]);
    await raise();
    await eventually(async () => (await shown()).length === 2);
  });

  it('is for consumers that are declared rebuildable', async () => {
    const hint = 'These can be replayed: mirror.page.';
    await expect(again('start', 'counting.heard')).rejects.toMatchObject({
      code: 'not_rebuildable',
      message: `counting.heard is not declared rebuildable. ${hint}`,
    });
    await expect(again('start', 'mirror.book')).rejects.toMatchObject({
      code: 'unknown_consumer',
      message: `There is no consumer mirror.book. ${hint}`,
    });
  });

  it('is refused for what is no longer kept, naming the oldest possible start', async () => {
    const counting = replica.runtime.database('counting');
    const read = () => replica.runtime.loops.concat(other.runtime.loops).forEach((loop) => loop.review());
    await replica.sql('counting', `UPDATE outbox SET created_at = created_at - interval '8 days'`);
    await eventually(async () => {
      read();
      await keepOutbox(counting, replica.runtime.databases, { keepMs: 7 * 86_400_000, partitionRows: 250_000 }, []);
      return (await count('counting', 'outbox')) === 0;
    }, 'the old messages being dropped');
    await raised(2);
    const [{ at }] = (await replica.sql<{ at: Date }>('counting', 'SELECT min(created_at) AS at FROM outbox')) as [
      { at: Date },
    ];
    const refusal = (asked: string) => ({
      code: 'no_longer_kept',
      message:
        `mirror.page cannot be replayed from ${asked}. The oldest possible start is ${at.toISOString()}: ` +
        'what was said before is no longer kept.',
    });
    await expect(again('start')).rejects.toMatchObject(refusal('the start'));
    await expect(again(new Date('2026-01-01'))).rejects.toMatchObject(refusal('2026-01-01T00:00:00.000Z'));
    expect(await again(at)).toEqual([{ producer: 'counting', messages: 2 }]);
    await eventually(async () => (await shown()).length === 4, 'both being shown again');
  });
});
