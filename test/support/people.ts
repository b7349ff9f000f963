import { Injectable } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  Eraser,
  Saga,
  Subscription,
} from '../../src/platform/index.js';

/** Two bounded contexts that know somebody: one registers people, the other writes to them. */
const Person = z.object({ id: z.uuid(), userId: z.string(), email: z.email() });
const personal = { userId: 'erased', email: 'erased@example.invalid' };

export class Register extends defineCommand('people.register.v1', {
  payload: Person,
  result: z.object({ email: z.string() }),
  subject: 'userId',
  personal,
}) {}

export class Registered extends defineEvent('people.registered.v1', {
  key: 'id',
  payload: Person,
  subject: 'userId',
  personal,
}) {}

class People1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE person (id uuid PRIMARY KEY, user_id text NOT NULL, email text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE person');
  }
}

@CommandHandler(Register)
class RegisterHandler implements ICommandHandler<Register> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute({ id, userId, email }: Register) {
    await this.database.sql('INSERT INTO person VALUES ($1, $2, $3)', [id, userId, email]);
    this.events.publish(new Registered({ id, userId, email }));
    return { email };
  }
}

@Injectable()
class PeopleEraser extends Eraser {
  constructor(private readonly database: Database) {
    super();
  }

  async erase(userId: string) {
    const text = `UPDATE person SET user_id = 'erased', email = 'erased@example.invalid' WHERE user_id = $1 RETURNING id`;
    return { person: (await this.database.sql(text, [userId])).length };
  }
}

/** What the letters could be written to, and whether they can be written. */
export const letters = { sent: [] as string[], fails: true, eraserFails: false };

@EventsHandler(Registered)
@Subscription({ name: 'letters', retry: { attempts: 1, baseMs: 1, maxMs: 1 } })
class Letters implements IEventHandler<Registered> {
  async handle({ email }: Registered) {
    if (letters.fails) throw new Error(`no way to ${email}`);
    letters.sent.push(email);
  }
}

@EventsHandler(Registered)
@Subscription({ name: 'counted' })
class Counted implements IEventHandler<Registered> {
  async handle({ id }: Registered) {
    heard.push(id);
  }
}
/** The ids of everybody who was heard of. */
export const heard: string[] = [];

const State = z.object({ id: z.string(), userId: z.string(), email: z.string(), note: z.string() });

@Injectable()
class Greeting extends Saga<z.output<typeof State>> {
  constructor() {
    super('post.greeting', State);
    this.starts(
      Registered,
      (e) => e.id,
      (e) => ({ state: { ...e, note: 'kept' } }),
    );
    this.personalData('userId', personal);
  }
}

class FaultyEraser extends Eraser {
  async erase(userId: string) {
    if (letters.eraserFails) throw new Error(`cannot erase ${userId}`);
    return {};
  }
}

@BoundedContext({
  name: 'people',
  contracts: { Register, Registered },
  providers: [RegisterHandler, PeopleEraser],
  migrations: [People1790000000000],
})
class PeopleModule {}
@BoundedContext({ name: 'post', contracts: {}, providers: [Letters, Counted, Greeting, FaultyEraser] })
class PostModule {}

export const people = [PeopleModule, PostModule];
