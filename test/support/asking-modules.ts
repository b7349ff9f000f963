import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  Outbox,
  Subscription,
} from '../../src/platform/index.js';

const payload = z.object({ key: z.string(), how: z.string() });
export class Asked extends defineEvent('asker.asked.v1', { key: 'key', payload }) {}
export class Called extends defineEvent('asker.called.v1', { key: 'key', payload }) {}
export class Noted extends defineEvent('asker.noted.v1', { key: 'key', payload }) {}
export class Told extends defineEvent('teller.told.v1', { key: 'key', payload }) {}
export class Tell extends defineCommand('teller.tell.v1', { payload }) {}

class Tables1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE told (key text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE told');
  }
}

const IDLE = 'idle_in_transaction_session_timeout';

/** Handlers that hang wait for this, and then try everything that has an effect. */
let release = (): void => undefined;
let released = new Promise<void>((resolve) => (release = resolve));
export const hanging = {
  release: () => {
    release();
    released = new Promise<void>((resolve) => (release = resolve));
  },
  /** How each attempt ended that a handler made after it had been given up. */
  attempts: [] as string[],
  begun: 0,
};

abstract class Handling {
  constructor(
    readonly database: Database,
    readonly outbox: Outbox,
    readonly events: EventBus,
    readonly commands: CommandBus,
  ) {}

  async act({ key, how }: { key: string; how: string }): Promise<void> {
    if (how === 'hang') return await this.#hang(key);
    if (how === 'gate') return await this.#gate();
    if (how === 'session')
      await this.database.sql(`INSERT INTO told (key) VALUES ($1 || current_setting('${IDLE}'))`, [key]);
    if (how === 'fail') throw new Error('it fails');
    if (how === 'exit') process.exit(9);
    if (how === 'throw')
      setTimeout(() => {
        throw new Error('nobody catches this');
      });
    if (how === 'throw') await new Promise((resolve) => setTimeout(resolve, 1000));
    if (how === 'lock') await this.database.sql('SELECT pg_sleep(600)');
    if (how === 'killed') await this.database.sql('SELECT pg_terminate_backend(pg_backend_pid())');
    if (how === 'stray') void Promise.reject(new Error('nobody awaits this'));
    if (how === 'stray') await new Promise((resolve) => setTimeout(resolve, 1000));
  }

  async #gate(): Promise<void> {
    hanging.begun++;
    await released;
  }

  async #hang(key: string): Promise<void> {
    hanging.begun++;
    await released;
    const note = { key, how: 'late' };
    const tries: (() => unknown)[] = [
      () => this.database.sql('INSERT INTO told (key) VALUES ($1)', [key]),
      () => this.outbox.send(new Tell(note)),
      () => this.events.publish(new Told(note)),
      () => this.commands.execute(new Tell(note)),
    ];
    for (const attempt of tries)
      try {
        await attempt();
        hanging.attempts.push('done');
      } catch (error) {
        hanging.attempts.push((error as Error).name);
      }
  }
}

@CommandHandler(Tell)
class TellHandler extends Handling implements ICommandHandler<Tell> {
  constructor(database: Database, outbox: Outbox, events: EventBus, commands: CommandBus) {
    super(database, outbox, events, commands);
  }

  async execute(command: Tell) {
    await this.database.sql('INSERT INTO told (key) VALUES ($1)', [command.key]);
    await this.act(command);
  }
}

const retry = { attempts: 2, baseMs: 5, maxMs: 10 };

@EventsHandler(Asked)
@Subscription({ name: 'answers', retry, timeoutMs: 300 })
class WhenAsked extends Handling implements IEventHandler<Asked> {
  constructor(database: Database, outbox: Outbox, events: EventBus, commands: CommandBus) {
    super(database, outbox, events, commands);
  }

  async handle(event: Asked) {
    await this.database.sql('INSERT INTO told (key) VALUES ($1)', [event.key]);
    await this.act(event);
  }
}

abstract class Noting extends Handling implements IEventHandler<Noted> {
  abstract readonly name: string;

  async handle(event: Noted) {
    await this.database.sql('INSERT INTO told (key) VALUES ($1)', [`${this.name} ${event.key}`]);
    if (event.key.startsWith(this.name)) await this.act(event);
  }
}

@EventsHandler(Noted)
@Subscription({ name: 'in-a-row', retry: { ...retry, attempts: 20 }, timeoutMs: 90_000 })
class InARow extends Noting {
  readonly name = 'in-a-row';

  constructor(database: Database, outbox: Outbox, events: EventBus, commands: CommandBus) {
    super(database, outbox, events, commands);
  }
}

@EventsHandler(Noted)
@Subscription({ name: 'side-by-side', pipelined: true })
class SideBySide extends Noting {
  readonly name = 'side-by-side';

  constructor(database: Database, outbox: Outbox, events: EventBus, commands: CommandBus) {
    super(database, outbox, events, commands);
  }
}

@EventsHandler(Called)
@Subscription({ name: 'calls', external: true, retry, timeoutMs: 1500 })
class WhenCalled extends Handling implements IEventHandler<Called> {
  constructor(database: Database, outbox: Outbox, events: EventBus, commands: CommandBus) {
    super(database, outbox, events, commands);
  }

  handle(event: Called) {
    return this.act(event);
  }
}

@BoundedContext({
  name: 'teller',
  contracts: { Told, Tell },
  providers: [TellHandler, WhenAsked, WhenCalled, InARow, SideBySide],
  migrations: [Tables1790000000000],
})
export class Teller {}

@BoundedContext({ name: 'asker', contracts: { Asked, Called, Noted }, providers: [] })
export class Asker {}
