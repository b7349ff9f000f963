import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withLifted } from '../../src/tools/upgrade/start.js';
import { Clone } from '../support/clone.js';
import { needs } from '../support/needs.js';

const describe = needs('git');
const MINUTES = 60_000;

/** Before 0.2.0 was released: `extract` noted nothing yet of what it had made. */
const FORMER = '4fc5fef';
/** Its first line is another one in both. */
const CONFLICT = 'src/platform/delivery/feed/watermark.ts';

let folder: string;
let shop: Clone;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'lifted-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a project of the former version. */
async function start(name: string, ...init: readonly string[]): Promise<void> {
  const root = join(folder, name);
  execFileSync('git', ['clone', '--quiet', '--no-checkout', resolve('.'), root]);
  execFileSync('git', ['checkout', '--quiet', '--detach', FORMER], { cwd: root });
  shop = new Clone(root);
  await run(shop, 'init', '--name', name, ...init);
  shop.commit();
}

async function run(clone: Clone, tool: string, ...args: readonly string[]): Promise<string> {
  const { code, output, errors } = await clone.node(['src/tools/launch.cjs', `tools/${tool}`, ...args]);
  const failed = output.split('\n').filter((line) => line.startsWith('✗'));
  expect({ tool, args, code, errors: code === 0 ? '' : errors, failed }).toMatchObject({ code: 0, failed: [] });
  return output;
}

async function extract(module: string): Promise<Clone> {
  await run(shop, 'extract', module, '--to', `../${module}`);
  const lifted = new Clone(join(folder, module));
  const path = join(lifted.root, 'package.json');
  writeFileSync(path, withLifted(readFileSync(path, 'utf8'), module));
  return lifted;
}

/** @returns what is said from the line with the new version on */
async function upgrade(lifted: Clone): Promise<string> {
  const tool = resolve('dist/src/tools/upgrade.js');
  const { code, output, errors } = await lifted.node([tool, '--to', resolve('.')]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output.slice(output.indexOf('This is version'));
}

async function expectGreen(lifted: Clone): Promise<void> {
  await run(lifted, 'fix');
  await run(lifted, 'map');
  lifted.commit();
  await run(lifted, 'check');
}

describe('the repository of a module of the project', () => {
  it(
    'comes to the present version with conflicts in the edited places only, and is green',
    async () => {
      await start('my-app', '--drop-example');
      for (const module of ['billing', 'letters']) await run(shop, 'new', 'module', module);
      shop.commit();
      const billing = await extract('billing');
      const text = readFileSync(join(billing.root, CONFLICT), 'utf8');
      writeFileSync(join(billing.root, CONFLICT), text.replace(/^.*/, '/** Ours. */'));
      appendFileSync(join(billing.root, 'compose.yaml'), '# Ours.\n');
      billing.commit();
      const said = await upgrade(billing);
      expect(said).toMatch(new RegExp(`^.* \\d+ files changed, 1 with conflicts\\.\\n {2}${CONFLICT}\\n`));
      billing.git('checkout', '--theirs', CONFLICT);
      expect(readFileSync(join(billing.root, 'package.json'), 'utf8')).toContain('"lifted": "billing"');
      await expectGreen(billing);
    },
    30 * MINUTES,
  );
});

describe('the repository of a module of the example', () => {
  it(
    'comes to the present version, with the contracts of its neighbours as they were',
    async () => {
      await start('my-shop');
      const payments = await extract('payments');
      payments.commit();
      const former = payments.git('rev-parse', 'HEAD').trim();
      expect(await upgrade(payments)).toMatch(/^.* \d+ files changed, 0 with conflicts\.\n/);
      const others = ['catalog', 'ordering', 'storefront'].map((module) => `modules/${module}`);
      expect(payments.git('diff', '--name-only', former, '--', ...others)).toBe('');
      expect(existsSync(join(payments.root, 'modules/inventory'))).toBe(false);
      await expectGreen(payments);
    },
    30 * MINUTES,
  );
});
