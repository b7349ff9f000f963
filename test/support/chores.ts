import type { Type } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineCommand, Outbox, Scheduled } from '../../src/platform/index.js';
import type { Duration } from '../../src/platform/messaging/duration.js';
import type { ScheduledOptions } from '../../src/platform/schedules/scheduled.js';

/** A tiny bounded context that has something to do now and then. */
export class Sweep extends defineCommand('chores.sweep.v1', {
  payload: z.object({ room: z.string().default('hall'), by: z.string().default('nobody') }),
  subject: 'by',
  personal: { room: 'erased' },
}) {}
export class Promised extends defineCommand('chores.promised.v1', {
  payload: z.object({
    room: z.string(),
    by: z.string().default('nobody'),
    after: z.string().optional(),
    at: z.string().optional(),
    breaks: z.boolean().default(false),
  }),
}) {}

class Chores1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner) {
    await runner.query('CREATE TABLE swept (room text NOT NULL, at timestamptz NOT NULL)');
  }
  async down(runner: QueryRunner) {
    await runner.query('DROP TABLE swept');
  }
}

/** The rooms in which sweeping fails at present, and what is waited for in the others. */
export const locked = new Set<string>();
export const busy = new Map<string, Promise<void>>();

@CommandHandler(Promised)
class PromisedHandler implements ICommandHandler<Promised> {
  constructor(private readonly outbox: Outbox) {}

  async execute({ room, by, after, at, breaks }: Promised) {
    const options = { ...(after && { after: after as Duration }), ...(at && { at: new Date(at) }) };
    this.outbox.send(new Sweep({ room, by }), options);
    if (breaks) throw new Error('the promise is broken');
  }
}

/** The context, with these schedules for sweeping. */
export function chores(...schedules: ScheduledOptions[]): Type {
  @CommandHandler(Sweep)
  class SweepHandler implements ICommandHandler<Sweep> {
    constructor(private readonly database: Database) {}

    async execute({ room }: Sweep) {
      await busy.get(room);
      if (locked.has(room)) throw new Error(`${room} is locked`);
      await this.database.sql('INSERT INTO swept VALUES ($1, now() + clock_offset())', [room]);
    }
  }
  for (const schedule of schedules.toReversed()) Scheduled(schedule)(SweepHandler);
  @BoundedContext({
    name: 'chores',
    contracts: { Sweep, Promised },
    migrations: [Chores1790000000000],
    providers: [SweepHandler, PromisedHandler],
  })
  class ChoresModule {}
  return ChoresModule;
}

@CommandHandler(Sweep)
@Scheduled({ name: 'of-others', every: '1 day' })
class ForeignHandler {
  async execute() {}
}
@Scheduled({ name: 'of-nobody', every: '1 day' })
class Idle {}

@BoundedContext({ name: 'strangers', contracts: {}, providers: [ForeignHandler, Idle] })
class StrangersModule {}

/** A context that misunderstands schedules. */
export const strangers: Type = StrangersModule;
