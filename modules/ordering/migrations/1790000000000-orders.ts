import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Orders1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE orders (
        order_id    uuid PRIMARY KEY,
        customer_id text NOT NULL,
        status      text NOT NULL CHECK (status IN ('pending', 'confirmed', 'cancelled')),
        reason      text CHECK ((reason IS NOT NULL) = (status = 'cancelled')),
        lines       jsonb NOT NULL,
        total       jsonb NOT NULL,
        placed_at   timestamptz NOT NULL
      );
      CREATE INDEX orders_newest ON orders (placed_at DESC, order_id DESC);
      CREATE INDEX orders_of_customer ON orders (customer_id, placed_at DESC, order_id DESC);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orders');
  }
}
