import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Stock1760000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The checks are the last word against overselling, whatever a handler believes.
    await runner.query(`
      CREATE TABLE stock (
        sku        text COLLATE "C" PRIMARY KEY,
        on_hand    bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
        reserved   bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT never_oversold CHECK (reserved <= on_hand)
      );
      CREATE TABLE stock_adjustment (
        id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sku    text COLLATE "C" NOT NULL REFERENCES stock,
        delta  integer NOT NULL CHECK (delta <> 0),
        reason text NOT NULL,
        actor  text NOT NULL,
        at     timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX stock_adjustment_sku ON stock_adjustment (sku, id);
      CREATE TABLE reservation (
        order_id   uuid PRIMARY KEY,
        status     text NOT NULL CHECK (status IN ('held', 'released')),
        lines      jsonb NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reservation, stock_adjustment, stock');
  }
}
