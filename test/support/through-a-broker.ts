import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { describe as Describe } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { runInScope, childContext } from '../../src/platform/messaging/context/context.js';
import type { TestDatabase } from '../../src/platform/testing/database.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import type { EventsOptions } from '../../src/platform/transport/events/event-transport.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { CountingModule, RaiseCounter } from './counting.js';
import { HearingModule } from './hearing.js';
import type { TestPart } from './parts.js';
import { startPart } from './parts.js';

/** A broker, and what can happen to what it holds of the counters. */
export interface BrokerUnderTest {
  kind: 'nats' | 'kafka';
  /** A broker of the test's own. */
  start(): Promise<{ kill(): Promise<void>; start(): Promise<void>; url: string }>;
  events(url: string): EventsOptions;
  /** Takes everything out of the stream. */
  purge(url: string): Promise<void>;
  /** Removes the stream. */
  remove(url: string): Promise<void>;
  /** Copies so many old messages to the end of the stream, as those who may write there can, and adds some that nobody has signed. */
  repeatTail(url: string, count: number): Promise<void>;
}

const modules = [CountingModule, HearingModule];
const KEYS = ['red', 'green', 'blue', 'grey'];
const FROM_OUTBOX = 'not in the stream: reading it from the outbox of the producer';

/** What holds for the events of a module in another process, whichever broker carries them. */
export function eventsThroughABroker(describe: typeof Describe | typeof Describe.skip, tested: BrokerUnderTest): void {
  /** A busy machine is slow to start brokers. */
  jest.setTimeout(120_000);

  let broker: Awaited<ReturnType<BrokerUnderTest['start']>>;
  let database: TestDatabase;
  let ports: number[];
  const running = new Set<TestPart>();

  const urls = () => ({ counting: `http://127.0.0.1:${ports[0]}`, hearing: `http://127.0.0.1:${ports[1]}` });
  const events = () => tested.events(broker.url);
  const speak = (port = 0, on = database, by: EventsOptions = events()) => start(CountingModule, port, on, by);
  const listen = (port = 1, by: EventsOptions = events()) => start(HearingModule, port, database, by);

  async function start(here: Type, port: number, on: TestDatabase, by: EventsOptions): Promise<TestPart> {
    const part = await startPart({ database: on, modules, here, port: ports[port]!, urls: urls(), events: by });
    running.add(part);
    return part;
  }

  async function stop(part: TestPart): Promise<void> {
    running.delete(part);
    await part.stop();
  }

  const listener = () =>
    [...running].find(({ runtime }) => runtime.running.has('hearing'))!.runtime.database('hearing');

  async function noted(): Promise<number> {
    return (await listener().sql<{ count: number }>('SELECT count(*)::int AS count FROM noted'))[0]!.count;
  }

  /** Checks the whole history: everything once, and each counter in its order. */
  async function heard(count: number): Promise<void> {
    await eventually(async () => (await noted()) >= count, `${count} events being heard`, 60_000);
    const rows = await listener().sql<{ counter: string; value: number }>(
      'SELECT counter, value FROM noted ORDER BY n',
    );
    for (const key of KEYS) {
      const values = rows.filter(({ counter }) => counter === key).map(({ value }) => value);
      expect(values).toEqual(values.map((_, n) => n + 1));
    }
    expect(rows).toHaveLength(count);
  }

  async function published({ runtime }: TestPart): Promise<void> {
    const text = `SELECT (SELECT max(seq) FROM outbox) <= (SELECT position FROM consumer_progress WHERE consumer = $1) AS all`;
    const { pool } = runtime.database('counting');
    const all = async () => (await pool.query(text, [`counting.${tested.kind}`])).rows[0].all as boolean;
    await eventually(all, 'everything being published', 60_000);
  }

  beforeAll(async () => {
    [broker, database, ports] = await Promise.all([tested.start(), testDatabase(modules), freePorts(4)]);
  });
  afterEach(async () => {
    await Promise.all([...running].map(stop));
  });
  afterAll(() => database?.drop());

  describe(`Events of a module in another process, with EVENTS=${tested.kind}`, () => {
    it('come once and in order, from the stream alone', async () => {
      const [speaker, listening] = [await speak(), await listen()];
      await heard(await raise(speaker, 200));
      expect(listening.lines.map(({ msg }) => msg)).not.toContain(FROM_OUTBOX);
    });

    it('are all there after the listener was away, and when it had to read from the middle', async () => {
      const speaker = await speak();
      const count = await raise(speaker, 200);
      await published(speaker);
      const listening = await listen();
      await heard(count);
      expect(listening.lines.map(({ msg }) => msg)).not.toContain(FROM_OUTBOX);
    });

    it('survive kills of the broker', async () => {
      const [speaker] = [await speak(), await listen()];
      let going = true;
      const raising = (async () => {
        let count = 0;
        while (going) count = await raise(speaker, 40);
        return count;
      })();
      for (let kills = 0; kills < 2; kills++) {
        const before = await noted();
        await eventually(async () => (await noted()) > before + 50, 'some news', 60_000);
        await broker.kill();
        await broker.start();
      }
      going = false;
      await heard(await raising);
    });

    it('are read from the outbox where the stream has lost them', async () => {
      const speaker = await speak();
      const count = await raise(speaker, 100);
      await published(speaker);
      await tested.purge(broker.url);
      const listening = await listen();
      await heard(count);
      await heard(await raise(speaker, 10));
      expect(listening.lines.map(({ level }) => level)).not.toContain(50);
    });

    it('have no second effect when they are published again, and none when they are forged', async () => {
      const [speaker, listening] = [await speak(), await listen()];
      await heard(await raise(speaker, 100));
      await tested.repeatTail(broker.url, 30);
      await heard(await raise(speaker, 100));
      expect(listening.lines.map(({ level }) => level)).not.toContain(50);
    });

    it('come once and in order from two speakers to two listeners', async () => {
      const speakers = [await speak(0), await speak(2)];
      await listen(1);
      await listen(3);
      const counts = await Promise.all(speakers.map((speaker) => raise(speaker, 100)));
      await heard(Math.max(...counts));
    });

    it('make a new stream when theirs was removed', async () => {
      const [speaker] = [await speak(), await listen()];
      await tested.remove(broker.url);
      await heard(await raise(speaker, 50));
    });

    it('are kept by the speaker until the listener has read them', async () => {
      const speaker = await speak();
      await listen();
      const told = `SELECT position > 0 AS told FROM outbox_reader WHERE consumer = 'hearing.ear'`;
      const { pool } = speaker.runtime.database('counting');
      await eventually(async () => (await pool.query(told)).rows[0]?.told as boolean, 'the speaker being told');
    });

    it('go on over the seam without the broker, and nobody keeps anything for it any more', async () => {
      const [speaker] = [await speak(0, database, { kind: 'feed' }), await listen(1, { kind: 'feed' })];
      await heard(await raise(speaker, 50));
      const { rows } = await speaker.runtime
        .database('counting')
        .pool.query('SELECT consumer FROM outbox_reader WHERE consumer = $1', [`counting.${tested.kind}`]);
      expect(rows).toEqual([]);
      await Promise.all([...running].map(stop));
      const [again] = [await speak(), await listen()];
      await heard(await raise(again, 50));
    });

    it('are not mixed with those of another database', async () => {
      const other = await testDatabase(modules);
      await expect(speak(0, other)).rejects.toThrow('holds messages of another database');
      await other.drop();
    });
  });
}

/** Raises the counters so often in all, some at a time. @returns how often they were raised ever */
async function raise({ app, runtime }: TestPart, times: number): Promise<number> {
  const commands = app.get(CommandBus, { strict: false });
  const one = (n: number) =>
    runInScope(childContext('test', 'counting'), undefined, () =>
      commands.execute(new RaiseCounter({ counter: KEYS[n % KEYS.length]! })),
    );
  const some = 8;
  for (let n = 0; n < times; n += some)
    await Promise.all(Array.from({ length: Math.min(some, times - n) }, (_, k) => one(n + k)));
  const { rows } = await runtime.database('counting').pool.query('SELECT sum(value)::int AS total FROM counter');
  return rows[0].total as number;
}
