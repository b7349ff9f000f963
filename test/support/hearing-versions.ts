import type { Type } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import type { MessageClass } from '../../src/platform/messaging/define.js';
import type { SubscriptionOptions } from '../../src/platform/delivery/consumer/subscription.js';
import {
  BoundedContext,
  Database,
  defineCommand,
  defineEvent,
  Outbox,
  Saga,
  Subscription,
} from '../../src/platform/index.js';

/** Three tiny bounded contexts, of which versions differ in what they know: a speaker, a listener to it, and a bank. */
const payload = z.object({ id: z.string() });

export class Begun extends defineEvent('speaker.begun.v1', { key: 'id', payload }) {}
/** What newer versions know. */
export class Extra extends defineEvent('speaker.extra.v1', { key: 'id', payload }) {}
export class Pay extends defineCommand('bank.pay.v1', { payload }) {}
export class Mail extends defineCommand('bank.mail.v1', { payload }) {}

export class Paid extends defineEvent('bank.paid.v1', { key: 'id', payload }) {}

/** The bank waits here before it mails, if a test wants it to. */
export const bank = { mailing: Promise.resolve() };

/** Has the bank mail some time. */
export class SendMail extends defineCommand('speaker.send-mail.v1', { payload }) {}

@CommandHandler(SendMail)
class SendMailHandler implements ICommandHandler<SendMail> {
  constructor(private readonly outbox: Outbox) {}

  async execute({ id }: SendMail) {
    this.outbox.send(new Mail({ id }), { key: id });
  }
}

@BoundedContext({ name: 'speaker', contracts: { Begun, Extra, SendMail }, providers: [SendMailHandler] })
class Speaker {}

function handlerOf(type: typeof Pay | typeof Mail): Type {
  @CommandHandler(type)
  class Handler implements ICommandHandler<Pay> {
    async execute() {
      if (type === Mail) await bank.mailing;
    }
  }
  return Handler;
}

export function bankOf(contracts: Record<string, typeof Pay> = { Pay, Mail }): Type {
  @BoundedContext({
    name: 'bank',
    contracts: { ...contracts, Paid },
    providers: Object.values(contracts).map(handlerOf),
  })
  class Bank {}
  return Bank;
}

class Heard1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE heard (n bigint GENERATED ALWAYS AS IDENTITY, by text NOT NULL, type text NOT NULL, id text NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE heard');
  }
}

/** A version of the listener with these providers, beside the other two modules. */
export function version(providers: readonly Type[], Bank: Type = bankOf()): readonly Type[] {
  @BoundedContext({ name: 'listener', contracts: {}, providers: [...providers], migrations: [Heard1790000000000] })
  class Listener {}
  return [Speaker, Bank, Listener];
}

/** A subscription that writes down what it hears; an id that is broken it does not bear. */
export function ear(types: readonly MessageClass[], options: SubscriptionOptions, label = options.name): Type {
  @EventsHandler(...(types as unknown as Type[]))
  @Subscription({ retry: { attempts: 3, baseMs: 5, maxMs: 10 }, ...options })
  class Ear implements IEventHandler<Begun> {
    constructor(private readonly database: Database) {}

    async handle(event: Begun) {
      if (event.id.startsWith('broken')) throw new Error('cannot bear this');
      const type = event.constructor.name;
      const text = 'INSERT INTO heard (by, type, id) VALUES ($1, $2, $3)';
      await this.database.sql(text, [label, type, event.id]);
    }

    async reset() {
      await this.database.sql('DELETE FROM heard WHERE by = $1', [label]);
    }
  }
  return Ear;
}

/** What the outside was asked for, in order: `Type id`. */
export const outsideCalls: string[] = [];

/** A subscription that calls the outside world. */
export function outside(types: readonly MessageClass[]): Type {
  @EventsHandler(...(types as unknown as Type[]))
  @Subscription({ name: 'outside', external: true })
  class Outside implements IEventHandler<Begun> {
    async handle(event: Begun) {
      outsideCalls.push(`${event.constructor.name} ${event.id}`);
    }
  }
  return Outside;
}

const State = payload.extend({ step: z.string(), extras: z.int() });
type State = z.output<typeof State>;

/** A saga that pays; the newer version mails after it has paid, and counts what it hears besides. */
export function checkout(name: string, newer: { step?: boolean; event?: boolean } = {}): Type {
  class Checkout extends Saga<State> {
    constructor() {
      super(name, State);
      const idOf = ({ id }: { id: string }) => id;
      const done = (state: State) => ({ state: { ...state, step: 'done' }, done: true });
      this.starts(Begun, idOf, ({ id }) => ({ state: { id, step: 'pay', extras: 0 }, send: [new Pay({ id })] }));
      this.onReply(Pay, (state) =>
        newer.step ? { state: { ...state, step: 'mail' }, send: [new Mail({ id: state.id })] } : done(state),
      );
      if (newer.step) this.onReply(Mail, done);
      if (newer.event) this.on(Extra, idOf, (state) => ({ state: { ...state, extras: state.extras + 1 } }));
    }
  }
  return Checkout;
}
