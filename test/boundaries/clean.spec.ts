import { afterAll, expect, it } from '@jest/globals';
import { makeTree, MODULES, removeTrees, runGate, violationsOf } from './gate.js';
import { LOOK_ALIKES } from './look-alikes.js';

afterAll(removeTrees);

it('is silent about a clean tree, and says how much it saw', async () => {
  expect(await runGate(['--root', makeTree()])).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^boundaries hold: 4 modules, \d\d files, \d{3} references\n$/),
    stderr: '',
  });
});

it('is silent about what only looks like a leak', async () => {
  expect(await violationsOf(makeTree(LOOK_ALIKES, MODULES))).toEqual([]);
});

it('is silent about modules with the names that PostgreSQL gives to rows', async () => {
  const upsert = `import { Database } from '../../src/platform/index.js';

export class Step1Handler {
  constructor(private readonly database: Database) {}

  async execute() {
    await this.database.sql('INSERT INTO bill VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id, at = bill.at', []);
    await this.database.sql('CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES (old.id, new.id); RETURN new; END $$', []);
  }
}
`;
  const root = makeTree({ 'modules/bill/step-1.ts': upsert }, ['bill', 'excluded', 'old', 'new']);
  expect(await violationsOf(root)).toEqual([]);
});
