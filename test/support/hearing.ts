import type { IEventHandler } from '@nestjs/cqrs';
import { EventsHandler } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BoundedContext, Database, Subscription } from '../../src/platform/index.js';
import { CounterRaised } from './counting.js';

/** A bounded context that writes down everything it hears of the counters, in the order in which it hears it. */
@EventsHandler(CounterRaised)
@Subscription({ name: 'ear' })
export class EarHandler implements IEventHandler<CounterRaised> {
  constructor(private readonly database: Database) {}

  async handle({ counter, value }: CounterRaised) {
    await this.database.sql('INSERT INTO noted (counter, value) VALUES ($1, $2)', [counter, value]);
  }
}

class Hearing1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE noted (n bigint GENERATED ALWAYS AS IDENTITY, counter text NOT NULL, value int NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE noted');
  }
}

@BoundedContext({ name: 'hearing', contracts: {}, providers: [EarHandler], migrations: [Hearing1790000000000] })
export class HearingModule {}
