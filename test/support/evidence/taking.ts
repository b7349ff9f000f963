import { setTimeout as delay } from 'node:timers/promises';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventsHandler } from '@nestjs/cqrs';
import { Injectable } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Conflict, Database, defineCommand, Saga, Subscription } from '../../../src/platform/index.js';
import { JobBegun, TakeStep, ThingMarked, ThingRaised } from './making.js';
import { MARKING } from './history.js';
import { callOutside, noteOutside } from './outside.js';

/** The consumer: every way there is to hear of an event. Nothing in its tables keeps an effect from being there twice. */
const EFFECT = 'INSERT INTO effect (consumer, thing, version, token) VALUES ($1, $2, $3, $4)';
const retry = { attempts: 1000, baseMs: 5, maxMs: 50 };
const TIMEOUT_MS = 1000;

/** Consumers whose next handler does not return within its limit; what it does then has to be refused. */
const hanging = new Set<string>();

export function hangOnce(): void {
  for (const consumer of ['one-by-one', 'outside']) hanging.add(consumer);
}

async function perhapsHang(consumer: string): Promise<void> {
  if (hanging.delete(consumer)) await delay(3 * TIMEOUT_MS);
}

/** Is refused after it has written an effect, which has to be gone. */
export class TakeNothing extends defineCommand('taking.take-nothing.v1', {
  payload: z.object({ thing: z.string(), version: z.int(), token: z.string() }),
  errors: { refused: z.object({}) },
}) {}

@CommandHandler(TakeNothing)
class TakeNothingHandler implements ICommandHandler<TakeNothing> {
  constructor(private readonly database: Database) {}

  async execute({ thing, version, token }: TakeNothing) {
    await this.database.sql(EFFECT, ['pipelined', thing, version, token]);
    throw new Conflict('refused', 'It is refused.', {});
  }
}

@EventsHandler(ThingRaised)
@Subscription({ name: 'one-by-one', timeoutMs: TIMEOUT_MS, retry })
class OneByOne implements IEventHandler<ThingRaised> {
  constructor(private readonly database: Database) {}

  async handle({ thing, version, token }: ThingRaised) {
    await perhapsHang('one-by-one');
    await this.database.sql(EFFECT, ['one-by-one', thing, version, token]);
  }
}

@EventsHandler(ThingRaised)
@Subscription({ name: 'pipelined', pipelined: true })
class Pipelined implements IEventHandler<ThingRaised> {
  constructor(
    private readonly database: Database,
    private readonly commands: CommandBus,
  ) {}

  /** Beside the effects of other messages, a command of every third version is refused. */
  async handle({ thing, version, token }: ThingRaised) {
    const writing = this.database.sql(EFFECT, ['pipelined', thing, version, token]);
    const refused = version % 3 === 0 ? [this.commands.execute(new TakeNothing({ thing, version, token }))] : [];
    await Promise.allSettled(refused);
    await writing;
  }
}

@EventsHandler(ThingRaised)
@Subscription({ name: 'batches' })
class Batches implements IEventHandler<ThingRaised> {
  constructor(private readonly database: Database) {}

  handle(event: ThingRaised) {
    return this.handleBatch([event]);
  }

  async handleBatch(events: readonly ThingRaised[]) {
    const text = `INSERT INTO effect (consumer, thing, version, token)
      SELECT 'batches', * FROM unnest($1::text[], $2::int[], $3::text[])`;
    const column = <T>(pick: (event: ThingRaised) => T) => events.map(pick);
    await this.database.sql(text, [column((e) => e.thing), column((e) => e.version), column((e) => e.token)]);
  }
}

/** Fails at the first three attempts of every fifth version, in each process anew: the batch, alone, and put aside. */
@EventsHandler(ThingRaised)
@Subscription({ name: 'failing', retry })
class Failing implements IEventHandler<ThingRaised> {
  readonly #failed = new Set<string>();

  constructor(private readonly database: Database) {}

  async handle({ thing, version, token }: ThingRaised) {
    await this.database.sql(EFFECT, ['failing', thing, version, token]);
    if (version % 5 !== 1 || this.#failed.size > 10_000) return;
    const attempts = [1, 2, 3].map((n) => `${token} ${n}`);
    const next = attempts.find((attempt) => !this.#failed.has(attempt));
    if (next) this.#failed.add(next);
    if (next) throw new Error('one of its bad days');
  }
}

/** The control: it writes past its transaction, so that a crash doubles its effects. If it never does, the crashes are none. */
@EventsHandler(ThingRaised)
@Subscription({ name: 'careless' })
class Careless implements IEventHandler<ThingRaised> {
  handle({ token }: ThingRaised) {
    return noteOutside(token);
  }
}

export class RecordCall extends defineCommand('taking.record-call.v1', {
  payload: z.object({ thing: z.string(), version: z.int(), token: z.string() }),
}) {}

@EventsHandler(ThingRaised)
@Subscription({ name: 'outside', external: true, timeoutMs: TIMEOUT_MS, retry })
class Outside implements IEventHandler<ThingRaised> {
  constructor(private readonly commands: CommandBus) {}

  async handle({ thing, version, token }: ThingRaised) {
    await callOutside(token);
    await perhapsHang('outside');
    await this.commands.execute(new RecordCall({ thing, version, token }));
  }
}

@CommandHandler(RecordCall)
class RecordCallHandler implements ICommandHandler<RecordCall> {
  constructor(private readonly database: Database) {}

  async execute({ thing, version, token }: RecordCall) {
    await this.database.sql(EFFECT, ['outside', thing, version, token]);
  }
}

@EventsHandler(ThingRaised, ThingMarked)
@Subscription({ name: MARKING })
class Marking implements IEventHandler<ThingRaised | ThingMarked> {
  constructor(private readonly database: Database) {}

  async handle({ thing, version, token }: ThingRaised | ThingMarked) {
    await this.database.sql(EFFECT, [MARKING, thing, version, token]);
  }
}

/** The same in the version before there were marks. */
@EventsHandler(ThingRaised)
@Subscription({ name: MARKING })
class FormerMarking extends Marking {}

const Progress = z.object({ job: z.string(), step: z.int() });
type Progress = z.output<typeof Progress>;

/** What a saga asks of its own module. */
export class EndJob extends defineCommand('taking.end-job.v1', {
  payload: z.object({ job: z.string() }),
  result: z.object({}),
}) {}

@CommandHandler(EndJob)
class EndJobHandler implements ICommandHandler<EndJob> {
  constructor(private readonly database: Database) {}

  async execute({ job }: EndJob) {
    await this.database.sql('INSERT INTO job_end (job) VALUES ($1)', [job]);
    return {};
  }
}

/** Three steps, the last after a timeout, and an end in its own module. A reply that came twice would be answered twice. */
@Injectable()
class Job extends Saga<Progress> {
  constructor() {
    super('taking.job', Progress);
    this.starts(
      JobBegun,
      ({ job }) => job,
      ({ job }) => enter(job, 1),
    );
    this.onReply(TakeStep, ({ job, step }, reply) => {
      if (!reply.ok) return { done: true };
      if (step === 3) return { send: [new EndJob({ job })] };
      return step === 2 ? { timeout: { name: 'rest', afterMs: 10 } } : enter(job, step + 1);
    });
    this.onReply(EndJob, () => ({ done: true }));
    this.onTimeout('rest', ({ job, step }) => enter(job, step + 1));
  }
}

const enter = (job: string, step: number) => ({ state: { job, step }, send: [new TakeStep({ job, step })] });

class Taking1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE effect (
        n        bigint GENERATED ALWAYS AS IDENTITY,
        consumer text NOT NULL,
        thing    text NOT NULL,
        version  int NOT NULL,
        token    text NOT NULL
      );
      CREATE TABLE job_end (n bigint GENERATED ALWAYS AS IDENTITY, job text NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effect, job_end');
  }
}

export const CONSUMERS = ['one-by-one', 'pipelined', 'batches', 'failing', 'outside', MARKING] as const;

const providers = [
  OneByOne,
  Pipelined,
  TakeNothingHandler,
  Batches,
  Failing,
  Careless,
  Outside,
  RecordCallHandler,
  EndJobHandler,
  Job,
];
const contracts = { RecordCall, TakeNothing, EndJob };
const migrations = [Taking1790000000000];

@BoundedContext({
  name: 'taking',
  contracts,
  providers: [...providers, Marking],
  migrations,
})
export class TakingModule {}

@BoundedContext({ name: 'taking', contracts, providers: [...providers, FormerMarking], migrations })
export class FormerTakingModule {}
