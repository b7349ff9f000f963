import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventsHandler, QueryBus } from '@nestjs/cqrs';
import { pino } from 'pino';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { z } from 'zod';
import { Public } from '../http/index.js';
import { BoundedContext, Conflict, defineCommand, defineEvent, defineQuery, Saga, Subscription } from '../index.js';
import { pinoOptions } from '../observability/logging.js';
import type { Scenario } from './index.js';
import { eventually, scenario } from './index.js';

const Letter = z.object({ letterId: z.string() });
const STEP_TIMEOUT_MS = 50;

class LetterWritten extends defineEvent('writers.letter-written.v1', { key: 'letterId', payload: Letter }) {}
class FindAddress extends defineQuery('addresses.find-address.v1', { payload: Letter, result: Letter }) {}
class LetterPosted extends defineEvent('post.letter-posted.v1', { key: 'letterId', payload: Letter }) {}
class StampLetter extends defineCommand('post.stamp-letter.v1', {
  payload: Letter,
  errors: { no_stamps: z.object({}) },
}) {}

/** With a logger that is injected, and one that it makes itself. */
@EventsHandler(LetterWritten)
@Subscription({ name: 'posts', external: true, retry: { attempts: 1, baseMs: 1, maxMs: 1 } })
class WhenLetterWritten implements IEventHandler<LetterWritten> {
  readonly #own = new Logger(WhenLetterWritten.name);

  constructor(
    private readonly queries: QueryBus,
    private readonly log: Logger,
  ) {}

  async handle({ letterId }: LetterWritten) {
    this.log.log(`posts ${letterId}`, { letterId });
    this.#own.debug('looks for the address');
    await this.queries.execute(new FindAddress({ letterId }));
  }
}

@CommandHandler(StampLetter)
class StampLetterHandler implements ICommandHandler<StampLetter> {
  async execute() {
    return await Promise.reject(new Conflict('no_stamps', 'There are no stamps.', {}));
  }
}

const State = z.object({ step: z.enum(['stamping', 'failed']) });
class Stamping extends Saga<z.infer<typeof State>> {
  constructor() {
    super('post.stamping', State);
    const begin = ({ letterId }: LetterWritten) => ({
      state: { step: 'stamping' as const },
      send: [new StampLetter({ letterId })],
    });
    this.starts(LetterWritten, (event) => event.letterId, begin);
    this.onReply(StampLetter, () => ({ state: { step: 'failed' }, done: true }));
  }
}

@Controller('v1/post')
class PostHttp {
  constructor(private readonly log: Logger) {}

  @Get()
  @Public()
  look() {
    this.log.warn('somebody looks');
    return {};
  }
}

@BoundedContext({
  name: 'post',
  contracts: { LetterPosted, StampLetter },
  controllers: [PostHttp],
  providers: [WhenLetterWritten, StampLetterHandler, Stamping],
})
class PostModule {}

let scene: Scenario;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]);
  const log = pino(pinoOptions({ level: 'debug', format: 'json' }), { write });
  const neighbours = [{ LetterWritten }, { FindAddress }];
  scene = await scenario(PostModule, { neighbours, patienceMs: STEP_TIMEOUT_MS, log });
});
afterAll(() => scene.close());

const errorOf = async (step: Promise<unknown>) =>
  (await step.then(
    () => undefined,
    (error: unknown) => error,
  )) as Error;

describe('a step that waits in vain', () => {
  let message: string;
  beforeAll(async () => {
    await scene.publish(new LetterWritten({ letterId: 'lost' }));
    await eventually(async () => (await scene.sql(`SELECT FROM parked_message WHERE state = 'dead'`)).length === 1);
    await eventually(async () => (await scene.sql(`SELECT FROM saga WHERE state->>'step' = 'failed'`)).length === 1);
    message = (await errorOf(scene.published(LetterPosted, { letterId: 'lost' }))).message;
  });

  it.each([
    [
      'what was expected',
      `post.letter-posted.v1 with {"letterId":"lost"} was not published within ${STEP_TIMEOUT_MS} ms. None of the kind was.`,
    ],
    [
      'the last error of each consumer',
      /The last error of each consumer and handler:\n(?: {2}.*\n)* {2}post\.posts: Unavailable: .*the test does not say how it is answered\./,
    ],
    [
      'what is parked',
      /Parked:\n {2}post\.posts: writers\.letter-written\.v1 of writers\/lost, dead letter, failed attempts: 1, .*does not say how/,
    ],
    ['a command that was refused', /Answered with an error:\n {2}post\.stamp-letter\.v1: \{.*"no_stamps"/],
    ['what was published', /Published:\n(?: {2}.*\n)*? {2}writers\.letter-written\.v1 \(1\)/],
    ['what neighbours have received', /Received by neighbours:\n {2}addresses\.find-address\.v1 \(1\)/],
  ])('names %s', (_, expected) => {
    expect(message).toMatch(expected);
  });

  it('shows what there was of the kind instead', async () => {
    const { message: shown } = await errorOf(scene.received(FindAddress, ({ letterId }) => letterId === 'else'));
    expect(shown).toMatch(
      /^addresses\.find-address\.v1 such that \(\{ letterId \}\) ?=> ?letterId === 'else' was not received/,
    );
    expect(shown).toContain('Of the kind there was 1:\n  {"letterId":"lost"}');
  });

  it('says the same of a condition of the test', async () => {
    const waits = scene.until(() => expect(1).toBe(2), 'the sum');
    expect((await errorOf(waits)).message).toMatch(
      /toBe[\s\S]*The last error of each consumer and handler:\n(?: {2}.*\n)* {2}post\.posts: /,
    );
    expect((await errorOf(scene.until(() => false, 'the sum'))).message).toMatch(
      /^the sum did not happen within 50 ms\n/,
    );
  });
});

describe('what a module logs', () => {
  it('has the name of the module, its level and its trace: by a Logger that is injected or its own', async () => {
    await scene.publish(new LetterWritten({ letterId: 'heard' }));
    const said = (text: string) => eventually(() => lines.find(({ msg }) => msg === text), text);
    const ids = {
      module: 'post',
      message: 'writers.letter-written.v1',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    };
    expect(await said('posts heard')).toMatchObject({ ...ids, level: 30, logger: 'post', letterId: 'heard' });
    expect(await said('looks for the address')).toMatchObject({ ...ids, level: 20, logger: 'WhenLetterWritten' });
    const { headers } = await scene.request('GET', '/v1/post');
    const traceId = headers.get('x-trace-id');
    expect(await said('somebody looks')).toMatchObject({ module: 'post', level: 40, traceId });
  });
});

describe('a module with entities', () => {
  class Parcels1790000000000 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      await runner.query('CREATE TABLE parcel (parcel_id text PRIMARY KEY, weight integer)');
    }

    async down(): Promise<void> {}
  }

  @Entity('parcel')
  class Parcel {
    @PrimaryColumn('text', { name: 'parcel_id' })
    parcelId!: string;

    @Column('integer', { nullable: true })
    weight!: number | null;
  }

  @Entity('parcel')
  class Insured extends Parcel {
    @Column('integer', { nullable: true })
    insured!: number | null;
  }

  function parcels(entity: new () => object) {
    @BoundedContext({
      name: 'parcels',
      contracts: {},
      providers: [],
      entities: [entity],
      migrations: [Parcels1790000000000],
    })
    class ParcelsModule {}
    return ParcelsModule;
  }

  it('has their repositories in specs', async () => {
    const there = await scenario(parcels(Parcel));
    await there.repository(Parcel).insert({ parcelId: 'one', weight: 3 });
    expect(await there.sql('SELECT weight FROM parcel')).toEqual([{ weight: 3 }]);
    await there.close();
  });

  it('fails its spec where its migrations lack something, which is named', async () => {
    expect((await errorOf(scenario(parcels(Insured)))).message)
      .toBe(`The entities of parcels and its migrations have drifted apart. What the tables lack:

  ALTER TABLE "parcel" ADD "insured" integer

Is the entity right? "npm run new:migration -- parcels --from-entities" makes a migration of it. Else change the entity.`);
  });
});
