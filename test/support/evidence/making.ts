import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Conflict, Database, defineCommand, defineEvent } from '../../../src/platform/index.js';
import { timesOf, tokenOf } from './workload.js';

/** The producer: things whose versions count up, jobs that begin, and the steps that their sagas ask for. */
export class ThingRaised extends defineEvent('making.thing-raised.v1', {
  key: 'thing',
  payload: z.object({ thing: z.string(), version: z.int(), token: z.string() }),
}) {}

export class JobBegun extends defineEvent('making.job-begun.v1', {
  key: 'job',
  payload: z.object({ job: z.string() }),
}) {}

export class RaiseThing extends defineCommand('making.raise-thing.v1', {
  payload: z.object({
    thing: z.string(),
    token: z.string(),
    mood: z.enum(['good', 'twice', 'slow', 'fault', 'refused']),
  }),
  errors: { refused: z.object({}) },
}) {}

export class BeginJob extends defineCommand('making.begin-job.v1', { payload: z.object({ job: z.string() }) }) {}

export class TakeStep extends defineCommand('making.take-step.v1', {
  payload: z.object({ job: z.string(), step: z.int() }),
  result: z.object({ step: z.int() }),
}) {}

@CommandHandler(RaiseThing)
class RaiseThingHandler implements ICommandHandler<RaiseThing> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ thing, token, mood }: RaiseThing) {
    for (let time = 1; time <= timesOf(mood); time++) {
      const [row] = await this.database.sql<{ version: number }>(
        `INSERT INTO thing VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET version = thing.version + 1 RETURNING version`,
        [thing],
      );
      this.events.publish(new ThingRaised({ thing, version: row!.version, token: tokenOf(token, time) }));
    }
    if (mood === 'slow') await this.database.sql('SELECT pg_sleep(0.15)');
    if (mood === 'fault') throw new Error('a fault of the handler');
    if (mood === 'refused') throw new Conflict('refused', 'It is refused.', {});
  }
}

@CommandHandler(BeginJob)
class BeginJobHandler implements ICommandHandler<BeginJob> {
  constructor(private readonly events: EventBus) {}

  async execute({ job }: BeginJob) {
    this.events.publish(new JobBegun({ job }));
  }
}

@CommandHandler(TakeStep)
class TakeStepHandler implements ICommandHandler<TakeStep> {
  constructor(private readonly database: Database) {}

  async execute({ job, step }: TakeStep) {
    await this.database.sql('INSERT INTO step (job, step) VALUES ($1, $2)', [job, step]);
    return { step };
  }
}

class Making1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE thing (id text PRIMARY KEY, version int NOT NULL);
      CREATE TABLE step (n bigint GENERATED ALWAYS AS IDENTITY, job text NOT NULL, step int NOT NULL);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE thing, step');
  }
}

@BoundedContext({
  name: 'making',
  contracts: { ThingRaised, JobBegun, RaiseThing, BeginJob, TakeStep },
  providers: [RaiseThingHandler, BeginJobHandler, TakeStepHandler],
  migrations: [Making1790000000000],
})
export class MakingModule {}
