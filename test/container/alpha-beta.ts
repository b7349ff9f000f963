import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BoundedContext } from '../../src/platform/index.js';

/** Two modules that are always there, whatever the application has. */
export class Items1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE item (sku text PRIMARY KEY, name text)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE item');
  }
}

@BoundedContext({ name: 'alpha', contracts: {}, providers: [], migrations: [Items1790000000000] })
export class AlphaModule {}

@BoundedContext({ name: 'beta', contracts: {}, providers: [], migrations: [Items1790000000000] })
export class BetaModule {}
