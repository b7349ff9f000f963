import type { Type } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
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

/** One version of an application of two modules: a ledger, and a desk that uses it. */
export interface Version {
  modules: [ledger: Type, desk: Type];
  PostEntry: typeof PostEntry;
  /** Known from the second version on. */
  CloseAccount: typeof CloseAccount;
}

const [account, amount, note] = [z.string(), z.int(), z.string().optional()];

class PostEntry extends defineCommand('ledger.post-entry.v1', {
  payload: z.object({ account, amount }),
  result: z.object({ balance: z.int() }),
}) {}
class NewerPostEntry extends defineCommand('ledger.post-entry.v1', {
  payload: z.object({ account, amount, note }),
  result: z.object({ balance: z.int(), entries: z.int().optional() }),
}) {}
class CloseAccount extends defineCommand('ledger.close-account.v1', { payload: z.object({ account }) }) {}

class EntryPosted extends defineEvent('ledger.entry-posted.v1', {
  key: 'account',
  payload: z.object({ account, amount }),
}) {}
class NewerEntryPosted extends defineEvent('ledger.entry-posted.v1', {
  key: 'account',
  payload: z.object({ account, amount, note }),
}) {}

/** Has the desk send something to the ledger that arrives some time. */
export class SendLater extends defineCommand('desk.send-later.v1', {
  payload: z.object({ account, what: z.enum(['post', 'close']) }),
}) {}

export function version(newer: boolean): Version {
  const Post = newer ? NewerPostEntry : PostEntry;
  const Posted = newer ? NewerEntryPosted : EntryPosted;

  @CommandHandler(Post)
  class PostEntryHandler implements ICommandHandler<NewerPostEntry> {
    constructor(
      private readonly database: Database,
      private readonly events: EventBus,
    ) {}

    async execute(entry: NewerPostEntry) {
      await this.database.sql('INSERT INTO entry VALUES ($1, $2)', [entry.account, entry.amount]);
      this.events.publish(new Posted(entry));
      const text = 'SELECT sum(amount)::int AS balance, count(*)::int AS entries FROM entry WHERE account = $1';
      const [row] = await this.database.sql<{ balance: number; entries: number }>(text, [entry.account]);
      return row!;
    }
  }

  @CommandHandler(CloseAccount)
  class CloseAccountHandler implements ICommandHandler<CloseAccount> {
    constructor(private readonly database: Database) {}

    async execute({ account: closed }: CloseAccount) {
      await this.database.sql('DELETE FROM entry WHERE account = $1', [closed]);
    }
  }

  @CommandHandler(SendLater)
  class SendLaterHandler implements ICommandHandler<SendLater> {
    constructor(private readonly outbox: Outbox) {}

    async execute({ account: key, what }: SendLater) {
      const entry = { account: key, amount: 5, ...(newer && { note: 'later' }) };
      this.outbox.send(what === 'post' ? new Post(entry) : new CloseAccount({ account: key }), { key });
    }
  }

  @EventsHandler(Posted)
  @Subscription({ name: 'journal' })
  class JournalHandler implements IEventHandler<NewerEntryPosted> {
    constructor(private readonly database: Database) {}

    async handle(event: NewerEntryPosted) {
      await this.database.sql('INSERT INTO journal VALUES ($1, $2)', [event.account, { ...event }]);
    }
  }

  @BoundedContext({
    name: 'ledger',
    contracts: { Post, Posted, ...(newer && { CloseAccount }) },
    providers: [PostEntryHandler, ...(newer ? [CloseAccountHandler] : [])],
    migrations: [Ledger1790000000000],
  })
  class LedgerModule {}

  @BoundedContext({
    name: 'desk',
    contracts: { SendLater },
    providers: [SendLaterHandler, JournalHandler],
    migrations: [Desk1790000000000],
  })
  class DeskModule {}

  return { modules: [LedgerModule, DeskModule], PostEntry: Post, CloseAccount };
}

class Ledger1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE entry (account text NOT NULL, amount int NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE entry');
  }
}

class Desk1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE journal (account text NOT NULL, event jsonb NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE journal');
  }
}
