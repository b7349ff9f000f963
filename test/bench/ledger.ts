import type { Type } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineCommand, defineEvent } from '../../src/platform/index.js';

/** The producer of the benchmarks: accounts, and what is posted to them. */
const posting = z.object({ account: z.string(), number: z.int(), amount: z.int(), note: z.string() });
export type Posting = z.output<typeof posting>;

export class AmountPosted extends defineEvent('ledger.amount-posted.v1', { key: 'account', payload: posting }) {}
export class PostAmount extends defineCommand('ledger.post-amount.v1', { payload: posting }) {}
/** The same business transaction, of which nothing is said. */
export class PostSilently extends defineCommand('ledger.post-silently.v1', { payload: posting }) {}

export const ACCOUNTS = 10_000;

/** The tables of the business transaction; the rivals get the same. */
export const ACCOUNT_TABLE = `
  CREATE TABLE account (name text PRIMARY KEY, balance bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
  INSERT INTO account (name) SELECT 'account-' || n FROM generate_series(0, ${ACCOUNTS - 1}) AS n;`;
export const POST = 'UPDATE account SET balance = balance + $2 WHERE name = $1';

/** Some 150 bytes of JSON. */
export function newPosting(number: number): Posting {
  const account = `account-${(number * 7919) % ACCOUNTS}`;
  return {
    account,
    number,
    amount: (number % 500) + 1,
    note: 'what a customer wrote about it, in a line of usual length'.padEnd(72, '.'),
  };
}

@CommandHandler(PostAmount)
export class PostAmountHandler implements ICommandHandler<PostAmount> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute(command: PostAmount): Promise<void> {
    await this.database.sql(POST, [command.account, command.amount]);
    this.events.publish(new AmountPosted(command));
  }
}

@CommandHandler(PostSilently)
export class PostSilentlyHandler implements ICommandHandler<PostSilently> {
  constructor(private readonly database: Database) {}

  async execute(command: PostSilently): Promise<void> {
    await this.database.sql(POST, [command.account, command.amount]);
  }
}

class Ledger1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ACCOUNT_TABLE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE account');
  }
}

@BoundedContext({
  name: 'ledger',
  contracts: { AmountPosted, PostAmount, PostSilently },
  providers: [PostAmountHandler, PostSilentlyHandler],
  migrations: [Ledger1790000000000],
})
class LedgerModule {}

export const Ledger: Type = LedgerModule;
