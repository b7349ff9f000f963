import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';
import { JEST } from '../../src/tools/test/jest.js';

const describe = needs('git');

/** The commands of the README for a fresh clone, without what follows them. */
function firstHour(): string[] {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```sh clone\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block]) => block!.split('\n')).map((line) => line.replace(/#.*/, '').trim());
}

let clone: Clone;
beforeAll(async () => {
  clone = new Clone();
  expect(firstHour()[0]).toBe('npm run init -- --name my-app --drop-example');
  const init = ['src/tools/launch.cjs', 'tools/init', '--name', 'my-app', '--drop-example'];
  expect(await clone.node(init)).toMatchObject({ code: 0, errors: '' });
}, 600_000);
afterAll(() => clone.remove());

/** Those of the README, and then everything that can be new, each on top of the one before. */
const NEW: readonly [words: string, next: RegExp][] = [
  ...firstHour()
    .filter((line) => line.startsWith('npm run new:'))
    .map((line): [string, RegExp] => [line.replace('npm run new:', '').replace(' --', ''), /^Now: npm run check/m]),
  ['command billing cancel-invoice', /^It is not in the contracts/m],
  ['query billing list-invoices', /^It is not in the contracts/m],
  ['query billing overdue-fees', /^The table fees is new, and nothing fills it yet\.$/m],
  ['event billing invoice-cancelled', /^cancel-invoice publishes it\.$/m],
  ['event billing month-closed', /^Publish it where a month is closed: this\.events\.publish\(/m],
  ['saga billing dunning --on entry-added', /^EntryAdded begins it\./m],
];

describe('what is generated', () => {
  it('passes every check and all of its own specs, one on top of the other', async () => {
    for (const [words, next] of NEW) {
      const made = await clone.tool('new', ...words.split(' '));
      expect({ words, ...made }).toMatchObject({ words, code: 0, errors: '', output: expect.stringMatching(next) });
    }
    const check = await clone.tool('check');
    if (check.code !== 0) throw new Error(check.output + check.errors);
    const report = 'specs.json';
    const specs = await clone.node([...JEST, 'modules/billing', '--json', `--outputFile=${report}`]);
    if (specs.code !== 0) throw new Error(specs.output + specs.errors);
    const results = JSON.parse(readFileSync(join(clone.root, report), 'utf8')) as Record<string, number>;
    expect(results).toMatchObject({ numFailedTests: 0, numPendingTests: 0, numPassedTestSuites: 8 });
    expect(results['numPassedTests']).toBeGreaterThanOrEqual(25);
  }, 600_000);

  it('is refused the second time, and changes nothing', async () => {
    clone.commit();
    expect(await clone.tool('new', 'module', 'billing')).toEqual({
      code: 2,
      output: '',
      errors: 'There is a module "billing" already.\n',
    });
    expect((await clone.tool('new', 'command', 'billing', 'cancel-invoice')).code).toBe(2);
    expect(clone.git('status', '--porcelain')).toBe('');
  });
});

/** Runs specs in the clone. @returns what Jest reports */
async function specs(...patterns: readonly string[]): Promise<Record<string, number>> {
  const report = 'specs.json';
  const { code, output, errors } = await clone.node([...JEST, ...patterns, '--json', `--outputFile=${report}`]);
  if (code !== 0) throw new Error(output + errors);
  return JSON.parse(readFileSync(join(clone.root, report), 'utf8')) as Record<string, number>;
}

async function check(): Promise<void> {
  const { code, output, errors } = await clone.tool('check');
  if (code !== 0) throw new Error(output + errors);
}

function change(path: string, ...changes: readonly [from: string | RegExp, to: string][]): void {
  const file = join(clone.root, path);
  const before = readFileSync(file, 'utf8');
  const after = changes.reduce((text, [from, to]) => text.replaceAll(from, to), before);
  if (after === before) throw new Error(`${path} was to be changed, and was not.`);
  writeFileSync(file, after);
}

const CONFIG = 'modules/billing/billing.config.ts';
const config = (specsOf: string) => `import { z } from 'zod';
import { defineConfig } from '../../src/platform/index.js';

export class BillingConfig extends defineConfig({ TAX_OFFICE_URL: z.url() }${specsOf}) {}
`;

describe('a module with a required variable, which a saga of it needs, and roles of its own', () => {
  const build = () => clone.node(['src/tools/launch.cjs']);
  beforeAll(async () => {
    writeFileSync(join(clone.root, CONFIG), config(''));
    const from = `import { BillingConfig } from './billing.config.js';\n`;
    change(
      'modules/billing/billing.module.ts',
      [/^/, from],
      ["name: 'billing',", "name: 'billing',\n  config: BillingConfig,"],
    );
    change(
      'modules/billing/dunning.saga.ts',
      [/^/, from],
      ['constructor() {', 'constructor(readonly config: BillingConfig) {'],
    );
    change('modules/billing/dunning.saga.spec.ts', [
      'new Dunning()',
      "new Dunning({ TAX_OFFICE_URL: 'http://x.invalid' })",
    ]);
    change('src/platform/http/roles.ts', ["'customer', 'staff'", "'member', 'desk'"], ["['staff']", "['desk']"]);
    change('modules/billing/billing.http.ts', ["'staff'", "'desk'"]);
    expect(await build()).toMatchObject({ code: 0 });
  }, 600_000);

  it('is refused by the gates, and named, until somebody says what the variable is in specs', async () => {
    for (const tool of ['map', 'saga-diagrams', 'contracts']) {
      const { code, errors } = await clone.tool(tool, tool === 'contracts' ? 'check' : '--check');
      expect({ tool, code, errors }).toMatchObject({
        code: 1,
        errors: expect.stringMatching(/^modules\/billing\/billing\.config\.ts: .*\n {2}- TAX_OFFICE_URL: /),
      });
    }
  }, 120_000);

  it('passes every check, its own specs and those of the platform', async () => {
    writeFileSync(join(clone.root, CONFIG), config(", { specs: { TAX_OFFICE_URL: 'http://tax.invalid' } }"));
    await clone.node(['node_modules/prettier/bin/prettier.cjs', '--write', 'modules/billing']);
    expect(await build()).toMatchObject({ code: 0 });
    expect(await clone.tool('map')).toMatchObject({ code: 0 });
    await check();
    const platform = [
      'src/platform/http',
      'src/platform/transport/seam.spec',
      'src/tools/token',
      'src/config',
      'test/container',
    ];
    expect(await specs('modules/billing', ...platform)).toMatchObject({ numFailedTests: 0, numPendingTests: 0 });
  }, 600_000);

  it('is tested over HTTP, in one process and in one of its own, and deployed so', async () => {
    expect(await clone.tool('new', 'module', 'parcels')).toMatchObject({ code: 0 });
    expect(await clone.tool('new-acceptance', 'billing')).toMatchObject({ code: 0, errors: '' });
    expect(await clone.tool('new-deployment', 'billing')).toMatchObject({ code: 0, errors: '' });
    await check();
    const suites = ['test/acceptance', 'test/topology/billing', 'test/shipping/compose', 'test/shipping/kubernetes'];
    expect(await specs(...suites)).toMatchObject({ numFailedTests: 0, numPendingTests: 0, numPassedTestSuites: 4 });
  }, 900_000);

  it('that cannot be loaded is named', async () => {
    change('modules/billing/billing.config.ts', [/$/, "\nthrow new Error('no tax office');\n"]);
    await build();
    for (const tool of ['map', 'saga-diagrams']) {
      const { code, errors } = await clone.tool(tool, '--check');
      const message = 'modules/billing/billing.config.ts cannot be loaded: no tax office\n';
      expect({ tool, code, errors }).toEqual({ tool, code: 2, errors: message });
    }
  }, 120_000);
});
