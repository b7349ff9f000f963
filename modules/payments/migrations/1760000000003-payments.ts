import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Payments1760000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // An averted payment was reversed before it was requested: nobody knows its amount.
    await runner.query(`
      CREATE TABLE payment (
        order_id        uuid PRIMARY KEY,
        payment_id      uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
        status          text NOT NULL
          CHECK (status IN ('averted', 'pending', 'charged', 'reversing', 'declined', 'failed', 'refunded')),
        amount          bigint CHECK (amount >= 0),
        currency        text,
        payment_token   text,
        attempts        integer NOT NULL DEFAULT 0,
        first_called_at timestamptz,
        tried_ms        bigint NOT NULL DEFAULT 0,
        problem         text,
        created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
        changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT known_once_requested CHECK ((status = 'averted') = (amount IS NULL OR currency IS NULL)),
        CONSTRAINT token_while_pending CHECK ((status = 'pending') = (payment_token IS NOT NULL))
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE payment');
  }
}
