import { pascal } from '../words.js';

interface Migration {
  path: string;
  type: string;
  text: string;
}

/**
 * @param name what it does, as in `invoices`
 * @param at milliseconds; later than those of the module
 * @param up its statements, as expressions of TypeScript; likewise `down`
 */
export function migration(
  module: string,
  name: string,
  at: number,
  up: readonly string[],
  down: readonly string[],
): Migration {
  const type = `${pascal(name)}${at}`;
  const text = `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${type} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    ${run(up)}
  }

  async down(runner: QueryRunner): Promise<void> {
    ${run(down)}
  }
}
`;
  return { path: `modules/${module}/migrations/${at}-${name}.ts`, type, text };
}

/** What stands in a migration until somebody writes it: PostgreSQL does nothing for it. */
export const EMPTY = { up: "'-- ALTER TABLE …'", down: '-- ALTER TABLE …' } as const;

/** An empty migration, with statements in it. */
export function filled(text: string, { up, down }: { up: readonly string[]; down: readonly string[] }): string {
  const [before, between, after] = text.split(/await runner\.query\('-- ALTER TABLE …'\);/);
  return [before, run(up.map(quoted)), between, run(down.map(quoted)), after].join('');
}

/** A statement, as an expression of TypeScript. */
export const quoted = (statement: string) => `\`${statement.replaceAll(/[\\`$]/g, '\\$&')}\``;

const run = (statements: readonly string[]) => statements.map((each) => `await runner.query(${each});`).join('\n    ');
