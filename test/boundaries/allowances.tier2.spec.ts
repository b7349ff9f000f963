import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Outcome, Reported } from './gate.js';
import { makeTree, places, removeTrees, runGate } from './gate.js';

afterAll(removeTrees);

const FILE = 'modules/billing/step-1.ts';
const REASON = 'The auditors read the table of stock with a role of their own.';
const CODE = `export class Step1Handler {
  a = 'SELECT * FROM stock.stock'; // boundaries-allow sql-of-another: ${REASON}
  // boundaries-allow sql-of-another: ${REASON}
  b = 'SELECT * FROM stock.stock';
  c = [
    // boundaries-allow sql-of-another: ${REASON}
    // boundaries-allow shared-in-database: The auditors listen on it.
    \`SELECT id
       FROM stock.stock;
     NOTIFY moved\`,
  ];
  /* boundaries-allow path-of-another, shared-global: ${REASON} */
  d = [Symbol.for('stock'), 'modules/stock/module.json'];
  // boundaries-allow sql-of-another:
  e = 'SELECT * FROM stock.stock';
  // boundaries-allow sql-of-another: reason
  f = 'SELECT * FROM stock.stock';
  // boundaries-allow no-such-rule: ${REASON}
  g = 'SELECT * FROM stock.stock';
  // boundaries-allow sql-of-another, shared-global: ${REASON}
  h = 'SELECT * FROM stock.stock';
  // boundaries-allow this is how it is
  i = 'boundaries-allow sql-of-another: A text is no comment.';
  // boundaries-allow only-contracts: ${REASON}
  j = import('../stock/step-1.js');
}
`;

describe('a comment that says a line is meant', () => {
  let found: Reported[];
  let report: Outcome;

  beforeAll(async () => {
    const root = makeTree({
      [FILE]: CODE,
      'modules/billing/loaded.ts': `// boundaries-allow dead-code, orphan: A tool outside of this project loads it.\nexport const loaded = 1;\n`,
      'modules/billing/migrations/audit.sql': `-- boundaries-allow sql-of-another: ${REASON}\nSELECT * FROM stock.stock;\nSELECT 1; -- boundaries-allow sql-of-another: ${REASON}\n`,
    });
    found = JSON.parse((await runGate(['--json', '--root', root])).stdout) as Reported[];
    report = await runGate(['--root', root]);
  });

  const failing = (rule: string) => places(found.filter((each) => each.rule === rule && each.meant === undefined));

  it('excuses what it names: in its line, in the next one, and in a text that begins there', () => {
    expect(places(found.filter(({ meant }) => meant !== undefined))).toEqual([
      'modules/billing/loaded.ts:1 dead-code',
      'modules/billing/loaded.ts:1 orphan',
      'modules/billing/migrations/audit.sql:2 sql-of-another',
      `${FILE}:2 sql-of-another`,
      `${FILE}:4 sql-of-another`,
      `${FILE}:9 sql-of-another`,
      `${FILE}:10 shared-in-database`,
      `${FILE}:13 path-of-another`,
      `${FILE}:13 shared-global`,
      `${FILE}:21 sql-of-another`,
    ]);
  });

  it('gives its reason to programs, and is counted for people', () => {
    expect(found.find(({ line }) => line === 2)).toMatchObject({ rule: 'sql-of-another', meant: REASON });
    expect(report.status).toBe(1);
    expect(report.stdout).toMatch(/\n10 violations meant, by a comment with the reason\n$/);
  });

  it('excuses nothing without a reason, and nothing that it does not name', () => {
    expect(failing('sql-of-another')).toEqual([
      `${FILE}:15 sql-of-another`,
      `${FILE}:17 sql-of-another`,
      `${FILE}:19 sql-of-another`,
    ]);
    expect(failing('only-contracts')).toEqual([`${FILE}:25 only-contracts`]);
  });

  it.each([
    ['has no reason', FILE, 14, 'Say behind the colon why this is meant'],
    ['has a word for a reason', FILE, 16, 'Say behind the colon why this is meant'],
    ['names a rule that there is not', FILE, 18, '"no-such-rule" cannot be excused by a comment'],
    ['excuses nothing with one of its rules', FILE, 20, 'Line 21 does not break shared-global.'],
    ['names no rule', FILE, 22, 'Write "boundaries-allow <rule>: <reason>"'],
    ['names an import, which is what it is', FILE, 24, '"only-contracts" cannot be excused by a comment'],
    ['excuses nothing, in SQL', 'modules/billing/migrations/audit.sql', 3, 'Line 3 does not break sql-of-another.'],
  ])('is refused when it %s', (_, file, line, message) => {
    const refused = found.filter((each) => each.rule === 'allowance');
    expect(refused).toHaveLength(7);
    expect(refused).toContainEqual(expect.objectContaining({ file, line, message: expect.stringContaining(message) }));
  });
});
