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

const run = (statements: readonly string[]) => statements.map((each) => `await runner.query(${each});`).join('\n    ');
