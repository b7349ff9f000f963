import { pascal } from '../words.js';

interface Migration {
  path: string;
  type: string;
  text: string;
}

/** @param name what it does, as in `invoices` @param at milliseconds; later than those of the module */
export function migration(module: string, name: string, at: number, up: string, down: string): Migration {
  const type = `${pascal(name)}${at}`;
  const text = `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${type} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(${up});
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('${down}');
  }
}
`;
  return { path: `modules/${module}/migrations/${at}-${name}.ts`, type, text };
}
