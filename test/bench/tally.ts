import type { Type } from '@nestjs/common';
import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BoundedContext, Database, Subscription } from '../../src/platform/index.js';
import { arrivals } from './arrivals.js';
import { AmountPosted } from './ledger.js';

/** What handling a message means on every side: one row for each. */
export const EFFECT_TABLE = `
  CREATE TABLE effect (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, number int NOT NULL);`;
export const INSERT_ONE = 'INSERT INTO effect (account, number) VALUES ($1, $2)';
export const INSERT_MANY = 'INSERT INTO effect (account, number) SELECT * FROM unnest($1::text[], $2::int[])';

/** The values of `INSERT_MANY`. */
export function columns(postings: readonly { account: string; number: number }[]): unknown[] {
  return [postings.map(({ account }) => account), postings.map(({ number }) => number)];
}

@EventsHandler(AmountPosted)
@Subscription({ name: 'awaited' })
class Awaited implements IEventHandler<AmountPosted> {
  constructor(private readonly database: Database) {}

  async handle({ account, number }: AmountPosted): Promise<void> {
    await this.database.sql(INSERT_ONE, [account, number]);
    arrivals.note(number);
  }
}

@EventsHandler(AmountPosted)
@Subscription({ name: 'pipelined', pipelined: true })
class Pipelined implements IEventHandler<AmountPosted> {
  constructor(private readonly database: Database) {}

  async handle({ account, number }: AmountPosted): Promise<void> {
    await this.database.sql(INSERT_ONE, [account, number]);
    arrivals.note(number);
  }
}

@EventsHandler(AmountPosted)
@Subscription({ name: 'batch' })
class Batch implements IEventHandler<AmountPosted> {
  constructor(private readonly database: Database) {}

  handle(event: AmountPosted): Promise<void> {
    return this.handleBatch([event]);
  }

  async handleBatch(events: readonly AmountPosted[]): Promise<void> {
    await this.database.sql(INSERT_MANY, columns(events));
    for (const { number } of events) arrivals.note(number);
  }
}

/** Has no effect: what remains is the cost of delivery itself. */
@EventsHandler(AmountPosted)
@Subscription({ name: 'nothing' })
class Nothing implements IEventHandler<AmountPosted> {
  handle(event: AmountPosted): Promise<void> {
    return this.handleBatch([event]);
  }

  handleBatch(events: readonly AmountPosted[]): Promise<void> {
    for (const { number } of events) arrivals.note(number);
    return Promise.resolve();
  }
}

class Tally1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(EFFECT_TABLE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effect');
  }
}

function member(n: number): Type {
  @EventsHandler(AmountPosted)
  @Subscription({ name: `member-${n}` })
  class Member extends Batch {}
  return Member;
}

const HANDLERS = { batch: Batch, awaited: Awaited, pipelined: Pipelined, nothing: Nothing };
export type Style = keyof typeof HANDLERS;

/** The consumer of the benchmarks, with one handler of this style. */
export function tally(style: Style): Type {
  return tallyOf([HANDLERS[style]]);
}

/** So many consumers, each of which handles every message by batches. */
export function crowd(consumers: number): Type {
  return tallyOf(Array.from({ length: consumers }, (_, n) => member(n)));
}

function tallyOf(providers: Type[]): Type {
  @BoundedContext({
    name: 'tally',
    contracts: {},
    providers,
    migrations: [Tally1790000000000],
  })
  class Tally {}
  return Tally;
}
