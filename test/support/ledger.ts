import type { Type } from '@nestjs/common';
import type { ICommandHandler, IEventHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler, EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineCommand, defineEvent, Subscription } from '../../src/platform/index.js';

/** Two bounded contexts for tests of idempotency: one calls the outside and books what it learns in the other. */
export class Book extends defineCommand('ledger.book.v1', {
  payload: z.object({ line: z.string() }),
  result: z.object({ entries: z.int() }),
}) {}

/** The same command, in the next version. */
export class NewerBook extends defineCommand('ledger.book.v1', {
  payload: z.object({ channel: z.string().default('web'), line: z.string() }),
  result: z.object({ entries: z.int() }),
}) {}

export class Asked extends defineEvent('asker.asked.v1', {
  key: 'key',
  payload: z.object({ key: z.string(), lines: z.array(z.string()) }),
}) {}

export class Mark extends defineCommand('asker.mark.v1', { payload: z.object({ line: z.string() }) }) {}

/** What goes wrong, and in which order a version asks. */
export const mood = {
  failsAfter: new Set<string>(),
  backwards: false,
  skips: true,
};

class Ledger1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE entry (line text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE entry');
  }
}

export function ledgerModule(Command: typeof Book): Type {
  @CommandHandler(Command)
  class BookHandler implements ICommandHandler<Book> {
    constructor(private readonly database: Database) {}

    async execute({ line }: Book) {
      await this.database.sql('INSERT INTO entry VALUES ($1)', [line]);
      const [row] = await this.database.sql<{ n: number }>('SELECT count(*)::int AS n FROM entry');
      return { entries: row!.n };
    }
  }

  @BoundedContext({
    name: 'ledger',
    contracts: { Book: Command },
    providers: [BookHandler],
    migrations: [Ledger1790000000000],
  })
  class LedgerModule {}
  return LedgerModule;
}

class Asker1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE done (line text PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE done');
  }
}

@CommandHandler(Mark)
class MarkHandler implements ICommandHandler<Mark> {
  constructor(private readonly database: Database) {}

  async execute({ line }: Mark) {
    await this.database.sql('INSERT INTO done VALUES ($1) ON CONFLICT DO NOTHING', [line]);
  }
}

/** Books line by line and marks each; a repetition leaves out what is marked. */
@EventsHandler(Asked)
@Subscription({ name: 'outside', external: true, retry: { attempts: 2, baseMs: 5, maxMs: 10 } })
class Outside implements IEventHandler<Asked> {
  constructor(
    private readonly commands: CommandBus,
    private readonly database: Database,
  ) {}

  async handle({ lines }: Asked) {
    const marked = await this.database.sql<{ line: string }>('SELECT line FROM done');
    const skipped = new Set(mood.skips ? marked.map(({ line }) => line) : []);
    const wanted = lines.filter((line) => !skipped.has(line));
    for (const line of mood.backwards ? wanted.reverse() : wanted) {
      await this.commands.execute(new Book({ line }));
      if (mood.failsAfter.has(line)) throw new Error(`nothing goes on after ${line}`);
      await this.commands.execute(new Mark({ line }));
    }
  }
}

@BoundedContext({
  name: 'asker',
  contracts: { Asked },
  providers: [Outside, MarkHandler],
  migrations: [Asker1790000000000],
})
export class AskerModule {}
