import { describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { tablesOf } from './tables.js';

const migration = (...statements: string[]) =>
  class {
    async up(runner: QueryRunner) {
      for (const statement of statements) await runner.query(statement);
    }
    async down() {}
  };

const tablesAfter = async (...statements: string[]) => {
  const tables = await tablesOf(statements.map((statement) => migration(statement)));
  return tables.map(({ name, columns }) => `${name}(${columns.map((column) => column.name).join(' ')})`);
};

describe('the tables of a module', () => {
  it('are those that its migrations create, without constraints among their columns', async () => {
    const text = `
      CREATE TABLE letter (
        letter_id uuid PRIMARY KEY, -- never, ever changes
        weight    numeric(10, 2) CHECK (weight > 0),
        CONSTRAINT light CHECK (weight < 10),
        UNIQUE (letter_id, weight)
      );
      CREATE INDEX ON letter (weight);
      CREATE TABLE IF NOT EXISTS "box" (box_id uuid)`;
    expect(await tablesAfter(text)).toEqual(['box(box_id)', 'letter(letter_id weight)']);
  });

  it('are what later migrations have made of them', async () => {
    const created = 'CREATE TABLE letter (letter_id uuid, weight int); CREATE TABLE box (box_id uuid)';
    expect(await tablesAfter(created, 'ALTER TABLE letter ADD COLUMN sent_at timestamptz, DROP COLUMN weight')).toEqual(
      ['box(box_id)', 'letter(letter_id sent_at)'],
    );
    expect(
      await tablesAfter(created, 'ALTER TABLE box RENAME TO crate', 'DROP TABLE IF EXISTS letter CASCADE'),
    ).toEqual(['crate(box_id)']);
    expect(await tablesAfter(created, 'ALTER TABLE box ADD CONSTRAINT one UNIQUE (box_id)')).toEqual(
      await tablesAfter(created),
    );
  });

  it('cannot be read from a migration that asks the database', async () => {
    class Asking {
      async up(runner: QueryRunner) {
        const [row] = (await runner.query('SELECT count FROM letter')) as [{ count: number }];
        await runner.query(`SELECT ${row.count}`);
      }
      async down() {}
    }
    await expect(tablesOf([Asking])).rejects.toThrow('Asking does more than run SQL');
  });
});
