import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  RetryLater,
  Subscription,
} from '../../src/platform/index.js';
import type { Scenario } from '../../src/platform/testing/index.js';
import { eventually, scenario } from '../../src/platform/testing/index.js';

const payload = z.object({ name: z.string() });
class CallWanted extends defineEvent('phone.call-wanted.v1', { key: 'name', payload }) {}
class Want extends defineCommand('phone.want.v1', { payload: z.object({ names: z.array(z.string()) }) }) {}
class Note extends defineCommand('phone.note.v1', { payload }) {}

/** Whoever is called silent does not answer before this. */
let answerAll = (): void => undefined;
const answered = new Promise<void>((resolve) => (answerAll = resolve));

@CommandHandler(Want)
class WantHandler implements ICommandHandler<Want> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ names }: Want) {
    await this.database.sql('SELECT 1');
    for (const name of names) this.events.publish(new CallWanted({ name }));
  }
}

@EventsHandler(CallWanted)
@Subscription({ name: 'caller', external: true })
class Caller implements IEventHandler<CallWanted> {
  constructor(private readonly commands: CommandBus) {}

  async handle({ name }: CallWanted) {
    if (name.startsWith('silent')) await answered;
    if (name === 'busy') throw new RetryLater(600_000, 'the line said a\0b');
    await this.commands.execute(new Note({ name }));
  }
}

@CommandHandler(Note)
class NoteHandler implements ICommandHandler<Note> {
  constructor(private readonly database: Database) {}

  async execute({ name }: Note) {
    await this.database.sql('INSERT INTO called VALUES ($1)', [name]);
  }
}

class Phone1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE called (name text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE called');
  }
}

@BoundedContext({
  name: 'phone',
  contracts: { CallWanted },
  providers: [WantHandler, Caller, NoteHandler],
  migrations: [Phone1790000000000],
})
class PhoneModule {}

let scene: Scenario;
beforeAll(async () => void (scene = await scenario(PhoneModule)));
afterAll(async () => {
  answerAll();
  await scene.close();
});

it('outside calls that get no answer do not hold up the others', async () => {
  const silent = Array.from({ length: 50 }, (_, n) => `silent ${n}`);
  await scene.execute(new Want({ names: [...silent, 'talkative'] }));
  const called = async () => (await scene.sql<{ name: string }>('SELECT name FROM called')).map(({ name }) => name);
  expect(await eventually(async () => (await called())[0], 'the one that answers')).toBe('talkative');
  answerAll();
  await eventually(async () => (await called()).length === 51, 'the others');
});

it('a call that is put off is so for as long as it says, whatever the reason is', async () => {
  await scene.execute(new Want({ names: ['busy'] }));
  const waiting = () =>
    scene.sql<{ waiting_for: string; attempts: number }>(
      `SELECT waiting_for, attempts FROM parked_message WHERE key = 'phone/busy' AND due_at > now() + interval '9 min'`,
    );
  const [entry] = await eventually(async () => {
    const found = await waiting();
    return found.length > 0 && found;
  }, 'the call being put off');
  expect(entry).toEqual({ waiting_for: 'the line said ab', attempts: 0 });
});
