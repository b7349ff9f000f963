import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Reported } from './gate.js';
import { makeTree, places, removeTrees, runGate, violationsOf } from './gate.js';
import { write } from './synthetic-tree.js';
import { recordBelow, withBaseline } from '../../src/tools/boundaries/baseline.js';
import { violation } from '../../src/tools/boundaries/violation.js';

afterAll(removeTrees);

const FILE = 'modules/billing/step-1.ts';
const BASELINE = 'boundaries-baseline.json';
const reaching = (count: number, more = '') =>
  `${more}export class Step1Handler {\n${Array.from({ length: count }, (_, index) => `  n${index} = 'SELECT * FROM stock.stock';\n`).join('')}}\n`;

describe('a tree with violations of before', () => {
  let root: string;
  const gate = (...args: string[]) => runGate(['--root', root, ...args]);
  const baseline = () => readFileSync(join(root, BASELINE), 'utf8');

  beforeEach(async () => {
    root = makeTree({ [FILE]: reaching(2) });
    const { status, stdout } = await gate('--baseline');
    expect({ status, left: stdout.split('\n').at(-2) }).toEqual({
      status: 0,
      left: `2 known violations left in ${BASELINE}`,
    });
  });

  it('holds, however the lines move, and says how many are left', async () => {
    expect(JSON.parse(baseline())).toEqual({
      known: [{ file: FILE, rule: 'sql-of-another', target: 'stock', count: 2 }],
    });
    write(root, FILE, reaching(2, '/** Moved. */\n\n'));
    const { status, stdout } = await gate('--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Reported[]).map(({ line, known }) => [line, known])).toEqual([
      [4, true],
      [5, true],
    ]);
    expect((await gate()).stdout).toMatch(
      /^boundaries hold: .*\n2 known violations left in boundaries-baseline\.json\n$/,
    );
  });

  it('fails for one more, which the baseline does not take in', async () => {
    write(root, FILE, reaching(3));
    write(root, 'modules/order/step-1.ts', `export class Step1Handler {\n  all = 'DELETE FROM billing.billing';\n}\n`);
    const expected = [`${FILE}:4 sql-of-another`, 'modules/order/step-1.ts:2 sql-of-another'];
    expect(places(await violationsOf(root)).filter((place) => place.includes('sql-of'))).toEqual(expected);
    const before = baseline();
    expect(await gate('--baseline')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(expected[0]!.replace(' ', '  ')),
    });
    expect(baseline()).toBe(before);
  });

  it('takes in what a module has that is brought in, and nothing else', () => {
    const found = (file: string) => violation({ file, line: 1, rule: 'environment', target: 'PORT', message: '' });
    const [known] = (JSON.parse(baseline()) as { known: object[] }).known;
    const before = Array.from({ length: 2 }, () =>
      violation({ file: FILE, line: 1, rule: 'sql-of-another', target: 'stock', message: '' }),
    );
    const all = [...before, found('modules/late/a.ts'), found('modules/order/a.ts')].map((each, line) => ({
      ...each,
      line,
    }));
    recordBelow(root, 'modules/late/', withBaseline(root, all));
    expect(JSON.parse(baseline())).toEqual({
      known: [known, { file: 'modules/late/a.ts', rule: 'environment', target: 'PORT', count: 1 }],
    });
  });

  it('fails for one that is mended until it is taken out, and then for its return', async () => {
    write(root, FILE, reaching(1));
    const [found] = await violationsOf(root);
    expect(found).toMatchObject({ file: BASELINE, line: 3, rule: 'baseline', target: FILE });
    expect(found!.message).toContain('1 fewer than recorded. Run "npm run boundaries -- --baseline"');
    expect((await gate('--baseline')).status).toBe(0);
    expect(JSON.parse(baseline())).toMatchObject({ known: [{ count: 1 }] });
    write(root, FILE, reaching(2));
    expect(places(await violationsOf(root))).toEqual([`${FILE}:3 sql-of-another`]);
  });

  it('has no baseline once everything is mended', async () => {
    write(root, FILE, reaching(0));
    expect((await gate('--baseline')).stdout).toMatch(/^boundaries hold: [^\n]*\n$/);
    expect(existsSync(join(root, BASELINE))).toBe(false);
  });

  it.each([
    ['is no JSON', '{', 'it: '],
    ['knows nothing', '{ "known": [] }', 'known: '],
    ['has an entry that cannot be understood', '{ "known": [{ "file": "a" }] }', 'known.0.'],
  ])('is not checked when the baseline %s', async (_, text, where) => {
    write(root, BASELINE, text);
    const { status, stdout, stderr } = await gate('--json');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`${BASELINE} is broken: ${where}`);
  });

  it('is not recorded when it cannot be checked', async () => {
    rmSync(join(root, BASELINE));
    write(root, 'modules/stock/broken.ts', 'export const {');
    expect((await gate('--baseline')).status).toBe(2);
    expect(existsSync(join(root, BASELINE))).toBe(false);
  });
});

it('what a command mends is never recorded', async () => {
  const root = makeTree({ [FILE]: reaching(1, '// boundaries-allow sql-of-another: none\n'), CODEOWNERS: '' });
  const { status, stdout } = await runGate(['--root', root, '--baseline']);
  expect(status).toBe(1);
  expect(stdout).toContain('1 known violation left');
  expect(stdout).toMatch(/CODEOWNERS:\d+ {2}generated-file/);
  expect(stdout).toContain(`${FILE}:1  allowance`);
});
