import type { ICommandHandler, IEventHandler, IQueryHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventBus, EventsHandler, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import {
  BoundedContext,
  Conflict,
  Database,
  defineCommand,
  defineEvent,
  defineQuery,
  Outbox,
  Subscription,
} from '../../src/platform/index.js';

/** The contracts of a neighbour. */
export class GetPrice extends defineQuery('pricing.get-price.v1', {
  payload: z.object({ sku: z.string() }),
  result: z.object({ amount: z.int() }),
}) {}
export class SetPrice extends defineCommand('pricing.set-price.v1', { payload: z.object({ sku: z.string() }) }) {}
export class PriceChanged extends defineEvent('pricing.price-changed.v1', {
  key: 'sku',
  payload: z.object({ sku: z.string(), how: z.string() }),
}) {}
export const pricing = { GetPrice, SetPrice, PriceChanged };

/** A module that can break every rule of the seam: `how` names what it does in the handler at hand. */
export class Ask extends defineCommand('asking.ask.v1', {
  payload: z.object({ how: z.string() }),
  result: z.object({ amount: z.int() }),
}) {}
export class Look extends defineQuery('asking.look.v1', {
  payload: z.object({ how: z.string() }),
  result: z.object({ amount: z.int() }),
}) {}
export class Asked extends defineEvent('asking.asked.v1', { key: 'sku', payload: z.object({ sku: z.string() }) }) {}

/** What a handler of this module has at hand. */
export interface Hands {
  database: Database;
  queries: QueryBus;
  commands: CommandBus;
  events: EventBus;
  outbox: Outbox;
}

/** How the database of the neighbour got here does not matter: a global, a cache, an argument. */
export const borrowed: { database?: Database } = {};

const sku = 'cup';
const use = ({ database }: Hands) => database.sql('INSERT INTO asked DEFAULT VALUES');

export const WAYS: Readonly<Record<string, (hands: Hands) => unknown>> = {
  'asks, then writes': async (hands) => {
    const answer = await hands.queries.execute(new GetPrice({ sku }));
    await use(hands);
    return answer;
  },
  'writes, then asks': async (hands) => {
    await use(hands);
    return await hands.queries.execute(new GetPrice({ sku }));
  },
  'writes, then commands': async (hands) => {
    await use(hands);
    await hands.commands.execute(new SetPrice({ sku }));
  },
  'writes, then sends': async (hands) => {
    await use(hands);
    hands.outbox.send(new SetPrice({ sku }));
    return { amount: 1 };
  },
  "queries the other's database": () => borrowed.database!.sql('SELECT 1'),
  "manages the other's database": () => borrowed.database!.manager.query('SELECT 1'),
  'begins a transaction of its own': ({ database }) => database.manager.transaction(async () => undefined),
  "publishes the other's event": ({ events }) => events.publish(new PriceChanged({ sku, how: '' })),
  'publishes a command': ({ events }) => events.publish(new SetPrice({ sku })),
  publishes: ({ events }) => events.publish(new Asked({ sku })),
  sends: ({ outbox }) => outbox.send(new SetPrice({ sku })),
  'sends an event': ({ outbox }) => outbox.send(new Asked({ sku })),
  'executes something unknown': ({ commands }) => commands.execute(new Date() as never),
  'executes an event': ({ commands }) => commands.execute(new Asked({ sku }) as never),
  'fails in a way of its own': () => {
    throw new Conflict('sold_out', 'There is none.');
  },
  'answers with something else': () => ({ amount: 'much' }),
};

abstract class Handler {
  constructor(private readonly hands: Hands) {}

  protected run({ how }: { how: string }): Promise<{ amount: number }> {
    return (WAYS[how] ?? (() => ({ amount: 0 })))(this.hands) as Promise<{ amount: number }>;
  }
}

@CommandHandler(Ask)
export class AskHandler extends Handler implements ICommandHandler<Ask> {
  constructor(database: Database, queries: QueryBus, commands: CommandBus, events: EventBus, outbox: Outbox) {
    super({ database, queries, commands, events, outbox });
  }

  async execute(command: Ask) {
    return await this.run(command);
  }
}

@QueryHandler(Look)
export class LookHandler extends Handler implements IQueryHandler<Look> {
  constructor(database: Database, queries: QueryBus, commands: CommandBus, events: EventBus, outbox: Outbox) {
    super({ database, queries, commands, events, outbox });
  }

  async execute(query: Look) {
    return await this.run(query);
  }
}

@EventsHandler(PriceChanged)
@Subscription({ name: 'batch', retry: { attempts: 1, baseMs: 1 } })
export class WhenPriceChanges extends Handler implements IEventHandler<PriceChanged> {
  constructor(database: Database, queries: QueryBus, commands: CommandBus, events: EventBus, outbox: Outbox) {
    super({ database, queries, commands, events, outbox });
  }

  async handle(event: PriceChanged) {
    await this.run(event);
  }
}

@EventsHandler(PriceChanged)
@Subscription({ name: 'read-model', rebuildable: true, retry: { attempts: 1, baseMs: 1 } })
export class WhenPriceIsShown extends Handler implements IEventHandler<PriceChanged> {
  constructor(database: Database, queries: QueryBus, commands: CommandBus, events: EventBus, outbox: Outbox) {
    super({ database, queries, commands, events, outbox });
  }

  async handle(event: PriceChanged) {
    await this.run(event);
  }
}

export class Asked1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE asked (n int)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE asked');
  }
}

@BoundedContext({
  name: 'asking',
  contracts: { Asked },
  providers: [AskHandler, LookHandler, WhenPriceChanges, WhenPriceIsShown],
  migrations: [Asked1790000000000],
})
export class AskingModule {}
