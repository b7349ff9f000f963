import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTree, removeTrees, runGate } from './gate.js';

afterAll(removeTrees);

describe('the report', () => {
  let root: string;

  beforeAll(() => {
    root = makeTree({
      'modules/billing/when-something-happens.ts': `import { Stock } from '../stock/stock.entity.js';\n\nexport class WhenSomethingHappens {\n  stock = Stock;\n}\n`,
    });
  });

  const message =
    'It imports modules/stock/stock.entity.ts. A module sees nothing of another but its contracts/. Import from there; what is missing is asked of its owner, as a message.';
  const place = 'modules/billing/when-something-happens.ts';

  it('says where, which rule, what is wrong and what to do', async () => {
    const { status, stdout } = await runGate(['--root', root]);
    expect(status).toBe(1);
    expect(stdout).toContain(`${place}:1  only-contracts\n    ${message}\n`);
    expect(stdout).toMatch(/\n1 violation in 4 modules, \d+ files, \d+ references\n$/);
  });

  it('is a list for programs', async () => {
    const { stdout } = await runGate(['--json', '--root', root]);
    expect(JSON.parse(stdout)).toEqual([
      {
        file: place,
        line: 1,
        rule: 'only-contracts',
        fromModule: 'billing',
        toModule: 'stock',
        target: 'modules/stock/stock.entity.ts',
        message,
      },
    ]);
  });

  it('is shown by GitHub at the line', async () => {
    const annotation = `::error file=${place},line=1,title=only-contracts::${message}\n`;
    expect((await runGate(['--root', root], { GITHUB_ACTIONS: 'true' })).stdout).toContain(annotation);
    const json = await runGate(['--json', '--root', root], { GITHUB_ACTIONS: 'true' });
    expect(json.stderr).toBe(annotation);
    expect(JSON.parse(json.stdout)).toHaveLength(1);
  });
});
