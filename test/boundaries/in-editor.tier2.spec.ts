import { afterAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, removeTrees } from './gate.js';
import { LOOK_ALIKES } from './look-alikes.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

interface Diagnostic {
  code: string;
  filename: string;
  message: string;
  labels: { span: { line: number } }[];
}

/** What the linter says, on the command line as in an editor. */
async function linted(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = makeTree(files);
  for (const file of ['.oxlint.boundaries.js', '.dependency-cruiser.js']) copyFileSync(file, join(root, file));
  symlinkSync(join(process.cwd(), 'dist'), join(root, 'dist'));
  write(
    root,
    '.oxlintrc.json',
    JSON.stringify({
      jsPlugins: ['./.oxlint.boundaries.js'],
      categories: { correctness: 'off' },
      rules: { 'boundaries/imports': 'error', 'boundaries/text': 'error' },
      ignorePatterns: ['dist', 'node_modules'],
    }),
  );
  const linter = join(process.cwd(), 'node_modules/.bin/oxlint');
  const output = await new Promise<string>((resolve) =>
    execFile(linter, ['--format', 'json'], { cwd: root }, (_, stdout) => resolve(stdout)),
  );
  const { diagnostics } = JSON.parse(output) as { diagnostics: Diagnostic[] };
  return diagnostics
    .map(({ filename, labels, message }) => `${filename}:${labels[0]!.span.line} ${message.split(/[.,] /)[0]}`)
    .sort();
}

it('tells a violation at its import, in every form', async () => {
  const code = [
    `import { Stock } from '../stock/stock.entity.js';`,
    `import type { FindOrder } from '../order/contracts/index.js';`,
    `export type Hidden = typeof import('../stock/step-1.js');`,
    `export * from '../stock/step-2.js';`,
    `export const all = [Stock, await import('../stock/step-3.js')] as unknown as FindOrder;`,
    `import '../../src/tools/check.js';`,
  ];
  const inside = 'A module sees nothing of another but its contracts/';
  expect(await linted({ 'modules/billing/leaks.ts': code.join('\n') })).toEqual([
    `modules/billing/leaks.ts:1 ${inside}`,
    `modules/billing/leaks.ts:2 modules/billing/module.json does not declare a dependency on order`,
    `modules/billing/leaks.ts:3 ${inside}`,
    `modules/billing/leaks.ts:4 ${inside}`,
    `modules/billing/leaks.ts:5 ${inside}`,
    'modules/billing/leaks.ts:6 Of src/',
  ]);
});

it('tells what no import shows, and what packages give', async () => {
  const code = [
    `import { APP_GUARD } from '@nestjs/core';`,
    `import { connect } from '@nats-io/transport-node';`,
    `export const all = [APP_GUARD, connect, 'SELECT * FROM stock.stock'];`,
    `// boundaries-allow sql-of-another: It is known to them.`,
    `export const meant = 'SELECT * FROM stock.stock';`,
    `export const old = Symbol.for('stock');`,
  ];
  const files = {
    'modules/billing/leaks.ts': code.join('\n'),
    'modules/billing/half.ts': 'export const {',
    'modules/billing/contracts/more.ts': `import { readFileSync } from 'node:fs';\nexport const read = () => readFileSync('x');\n`,
    'boundaries-baseline.json': JSON.stringify({
      known: [{ file: 'modules/billing/leaks.ts', rule: 'shared-global', target: "Symbol.for('stock')", count: 1 }],
    }),
  };
  const told = (await linted(files)).filter((line) => !line.startsWith('modules/billing/half.ts'));
  expect(told).toEqual([
    'modules/billing/contracts/more.ts:1 Contracts reach contracts',
    'modules/billing/contracts/more.ts:2 read is a function',
    'modules/billing/leaks.ts:1 APP_GUARD reaches the whole application',
    "modules/billing/leaks.ts:2 A module reaches its database through the platform's Database",
    'modules/billing/leaks.ts:3 This SQL names the schema stock',
  ]);
});

it('is silent about a clean tree and about what only looks like a leak', async () => {
  expect(await linted({})).toEqual([]);
  expect(await linted(LOOK_ALIKES)).toEqual([]);
});
