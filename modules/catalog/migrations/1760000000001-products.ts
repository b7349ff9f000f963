import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Products1760000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Collation "C": the pages of the list come in the same order on every machine.
    await runner.query(`
      CREATE TABLE product (
        sku          text COLLATE "C" PRIMARY KEY,
        name         text NOT NULL CHECK (name <> ''),
        amount       integer NOT NULL CHECK (amount >= 0),
        currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        published_at timestamptz NOT NULL DEFAULT now(),
        changed_at   timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE product');
  }
}
