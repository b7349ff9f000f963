import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, places, removeTrees, violationsOf } from './gate.js';
import type { Planted } from './leak.js';
import { INSIDE, plan } from './leak.js';
import { PLANTED } from './planted.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

/** What no single file can break, or nothing that is code. */
const OTHERS = [
  'modules/billing/forgotten.ts dead-code',
  'modules/billing/forgotten.ts orphan',
  'modules/billing/a.ts no-file-cycle',
  'modules/billing/step-1.ts module-cycle',
  'modules/billing/step-2.ts allowance',
  'modules/billing/linked.ts link-out',
  'modules/none-yet.md none-yet',
  'modules/order/module.json unused-dependency',
  'modules/stock/module.json unlisted-consumer',
  'modules/order-item/module.json manifest',
  'src/modules.ts dead-module',
  'CODEOWNERS generated-file',
  'modules/stock/module.json lives-elsewhere',
  'boundaries-baseline.json baseline',
];

function plantOthers(): string {
  const root = makeTree({
    ...INSIDE,
    'modules/billing/forgotten.ts': 'export const forgotten = 1;\n',
    'modules/billing/a.ts': `import './b.js';\n`,
    'modules/billing/b.ts': `import './a.js';\n`,
    'modules/billing/step-1.ts': `import { FindStock } from '../stock/contracts/index.js';\n\nexport const asked = FindStock;\nexport class Step1Handler {}\n`,
    'modules/billing/step-2.ts': `export class Step2Handler {\n  text = 1; // boundaries-allow sql-of-another: reason\n}\n`,
    'modules/none-yet.md': '',
    'boundaries-baseline.json': `{ "known": [{ "file": "modules/billing/step-9.ts", "rule": "sql-of-another", "target": "stock", "count": 1 }] }\n`,
  });
  symlinkSync(join(root, 'modules/stock/secret.ts'), join(root, 'modules/billing/linked.ts'));
  const edit = (path: string, change: (text: string) => string) =>
    write(root, path, change(readFileSync(join(root, path), 'utf8')));
  const editJson = (path: string, change: (value: Record<string, unknown>) => object) =>
    edit(path, (text) => `${JSON.stringify(change(JSON.parse(text) as Record<string, unknown>), null, 2)}\n`);
  editJson('modules/order/module.json', (manifest) => ({ ...manifest, dependsOn: { stock: 'It may need it later.' } }));
  editJson('modules/stock/module.json', (manifest) => ({ ...manifest, consumers: ['order'] }));
  editJson('modules/order-item/module.json', (manifest) => ({ ...manifest, owner: 'the team' }));
  edit('src/modules.ts', (text) => text.replace(/^import .*OrderItem.*\n/m, '').replace(/OrderItemModule, /, ''));
  return root;
}

/** Manifests that are all valid, but do not fit what is beside them. */
function plantUnfit(): string {
  const root = makeTree();
  const stock = JSON.parse(readFileSync(join(root, 'modules/stock/module.json'), 'utf8')) as object;
  write(root, 'modules/stock/module.json', JSON.stringify({ ...stock, owner: '@shop/else', elsewhere: '../stock' }));
  return root;
}

/** The first column of the guide's table. */
function rulesOfGuide(): string[] {
  const guide = readFileSync('docs/guides/boundaries.md', 'utf8');
  const cells = [...guide.matchAll(/^\| (`[^|]+`) +\|/gm)].map(([, names]) => names!);
  return cells.flatMap((names) => names.split(', ').map((name) => name.replaceAll('`', '')));
}

const place = ({ file, line, rule }: Planted) => `${file}:${line} ${rule}`;

describe('one violation for each boundary rule', () => {
  it('is planted below', () => {
    const planted = [...PLANTED.map(({ rule }) => rule), ...OTHERS.map((each) => each.split(' ')[1]!)];
    expect(rulesOfGuide().length).toBeGreaterThan(40);
    expect(rulesOfGuide().filter((rule) => !planted.includes(rule))).toEqual([]);
  });

  describe('in a file', () => {
    const planted = plan(PLANTED);
    const found: string[] = [];

    beforeAll(async () => {
      const [alone, together] = [planted.filter((leak) => leak.alone), planted.filter((leak) => !leak.alone)];
      for (const leaks of [together, ...alone.map((leak) => [leak])]) {
        const files = leaks.flatMap(({ file, code, around }) => [
          ...(code.trim() ? [[file, code] as const] : []),
          ...Object.entries(around ?? {}),
        ]);
        found.push(...places(await violationsOf(makeTree({ ...INSIDE, ...Object.fromEntries(files) }))));
      }
    }, 180_000);

    it.each(planted.map((leak) => [`${leak.rule}: ${leak.kind}`, leak] as const))('is found: %s', (_, leak) => {
      expect(found).toContain(place(leak));
    });
  });

  describe('in the tree', () => {
    let found: string[];
    beforeAll(async () => {
      const all = [...(await violationsOf(plantOthers())), ...(await violationsOf(plantUnfit()))];
      found = all.map(({ file, rule }) => `${file} ${rule}`);
    }, 120_000);

    it.each(OTHERS)('is found: %s', (expected) => {
      expect(found).toContain(expected);
    });
  });
});
