import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventBus } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Conflict, Database, defineCommand, defineEvent } from '../../../src/platform/index.js';
import { markOf, timesOf, tokenOf } from './workload.js';

/** The producer: things whose versions count up, jobs that begin, and the steps that their sagas ask for. */
export class ThingRaised extends defineEvent('making.thing-raised.v1', {
  key: 'thing',
  payload: z.object({ thing: z.string(), version: z.int(), token: z.string() }),
}) {}

/** Published beside the second event of a command; a former version of the consumer does not know it. */
export class ThingMarked extends defineEvent('making.thing-marked.v1', {
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

/** Is refused after it has written a row, which has to be gone. */
export class TakeNoStep extends defineCommand('making.take-no-step.v1', {
  payload: z.object({ job: z.string() }),
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
    private readonly commands: CommandBus,
  ) {}

  async execute({ thing, token, mood }: RaiseThing) {
    for (let time = 1; time <= timesOf(mood); time++) {
      const raising = this.#raise(thing, tokenOf(token, time), time);
      // At the same time, in the same unit of work, a command is refused: it must undo nothing but its own.
      const refused = time === 2 ? [this.commands.execute(new TakeNoStep({ job: thing }))] : [];
      await Promise.allSettled(refused);
      await raising;
    }
    if (mood === 'slow') await this.database.sql('SELECT pg_sleep(0.15)');
    if (mood === 'fault') throw new Error('a fault of the handler');
    if (mood === 'refused') throw new Conflict('refused', 'It is refused.', {});
  }

  async #raise(thing: string, token: string, time: number): Promise<void> {
    const [row] = await this.database.sql<{ version: number }>(
      `INSERT INTO thing VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET version = thing.version + 1 RETURNING version`,
      [thing],
    );
    const { version } = row!;
    this.events.publish(new ThingRaised({ thing, version, token }));
    if (time === 2) this.events.publish(new ThingMarked({ thing, version, token: markOf(token) }));
  }
}

@CommandHandler(TakeNoStep)
class TakeNoStepHandler implements ICommandHandler<TakeNoStep> {
  constructor(private readonly database: Database) {}

  async execute({ job }: TakeNoStep) {
    await this.database.sql('INSERT INTO step (job, step) VALUES ($1, 0)', [job]);
    throw new Conflict('refused', 'It is refused.', {});
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
  contracts: { ThingRaised, ThingMarked, JobBegun, TakeNoStep, RaiseThing, BeginJob, TakeStep },
  providers: [RaiseThingHandler, TakeNoStepHandler, BeginJobHandler, TakeStepHandler],
  migrations: [Making1790000000000],
})
export class MakingModule {}
