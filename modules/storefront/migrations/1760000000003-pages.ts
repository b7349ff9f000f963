import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One table for each producer that a page hears of: their events come in any order relative to each other, and their
 * feeds are read at the same time without waiting for one another's rows.
 */
export class Pages1760000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE product_card (
        sku   text COLLATE "C" PRIMARY KEY,
        name  text NOT NULL,
        price jsonb NOT NULL
      );
      CREATE TABLE availability (
        sku       text COLLATE "C" PRIMARY KEY,
        available bigint NOT NULL
      );
      CREATE TABLE order_page (
        order_id    uuid PRIMARY KEY,
        customer_id text NOT NULL,
        status      text NOT NULL,
        reason      text,
        placed_at   timestamptz NOT NULL,
        total       jsonb NOT NULL,
        lines       jsonb NOT NULL,
        moments     jsonb NOT NULL
      );
      CREATE TABLE order_payment (
        order_id   uuid PRIMARY KEY,
        payment_id uuid NOT NULL,
        status     text NOT NULL,
        amount     bigint NOT NULL,
        currency   text NOT NULL,
        moments    jsonb NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE order_payment, order_page, availability, product_card');
  }
}
