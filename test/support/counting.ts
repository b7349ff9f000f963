import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Conflict,
  Database,
  defineCommand,
  defineEvent,
  Outbox,
  Subscription,
} from '../../src/platform/index.js';

/** A tiny bounded context for tests of the platform: counters that can be raised, and a log of what was heard of them. */
export class CounterRaised extends defineEvent('counting.counter-raised.v1', {
  key: 'counter',
  payload: z.object({ counter: z.string(), value: z.int(), mood: z.string() }),
}) {}

/** A local domain event: a plain class. */
export class LimitReached {
  constructor(readonly counter: string) {}
}

export class RaiseCounter extends defineCommand('counting.raise-counter.v1', {
  payload: z.object({ counter: z.string(), mood: z.string().default('calm') }),
  result: z.object({ value: z.int() }),
  errors: { limit_reached: z.object({ limit: z.int() }) },
}) {}

export class RaiseLater extends defineCommand('counting.raise-later.v1', {
  payload: z.object({ counter: z.string(), times: z.int() }),
}) {}

export const contracts = { CounterRaised, RaiseCounter };
export const LIMIT = 1000;

@CommandHandler(RaiseCounter)
export class RaiseCounterHandler implements ICommandHandler<RaiseCounter> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ counter, mood }: RaiseCounter) {
    const [row] = await this.database.sql<{ value: number }>(
      `INSERT INTO counter VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value`,
      [counter],
    );
    if (mood === 'limited') throw new Conflict('limit_reached', 'Enough.', { limit: LIMIT });
    if (mood === 'broken') throw new Error('the handler broke');
    if (mood === 'undeclared') throw new Conflict('who_knows', 'Not in the contract.');
    if (mood === 'vetoed') this.events.publish(new LimitReached(counter));
    this.events.publish(new CounterRaised({ counter, value: row!.value, mood }));
    return { value: row!.value };
  }
}

@CommandHandler(RaiseLater)
export class RaiseLaterHandler implements ICommandHandler<RaiseLater> {
  constructor(private readonly outbox: Outbox) {}

  async execute({ counter, times }: RaiseLater) {
    for (let n = 0; n < times; n++) this.outbox.send(new RaiseCounter({ counter }), { key: counter });
  }
}

@EventsHandler(LimitReached)
export class VetoHandler implements IEventHandler<LimitReached> {
  handle(): Promise<void> {
    return Promise.reject(new Error('vetoed by a local event handler'));
  }
}

/** What the next attempts do to `heard`: how often it fails for a mood. */
export const failures = new Map<string, number>();

@EventsHandler(CounterRaised)
@Subscription({ name: 'heard', retry: { attempts: 3, baseMs: 5, maxMs: 10 } })
export class HeardHandler implements IEventHandler<CounterRaised> {
  constructor(private readonly database: Database) {}

  async handle({ counter, value, mood }: CounterRaised) {
    await this.database.sql('INSERT INTO heard (counter, value) VALUES ($1, $2)', [counter, value]);
    const left = failures.get(mood) ?? 0;
    if (left === 0) return;
    failures.set(mood, left - 1);
    throw new Error(`heard is ${mood}`);
  }
}

export class Counting1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE counter (name text PRIMARY KEY, value int NOT NULL);
      CREATE TABLE heard (n bigint GENERATED ALWAYS AS IDENTITY, counter text NOT NULL, value int NOT NULL);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE counter, heard');
  }
}

@BoundedContext({
  name: 'counting',
  contracts,
  providers: [RaiseCounterHandler, RaiseLaterHandler, VetoHandler, HeardHandler],
  migrations: [Counting1790000000000],
})
export class CountingModule {}
