import { afterAll, describe, expect, it } from '@jest/globals';
import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, removeTrees, runGate, violationsOf } from './gate.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

/** Changes a clean tree so that it cannot be checked as a whole. */
async function checked(spoil: (root: string) => void) {
  const root = makeTree();
  spoil(root);
  return await runGate(['--json', '--root', root]);
}

describe('a tree that cannot be checked', () => {
  it.each<[string, (root: string) => void, RegExp]>([
    ['has no modules', (root) => rmSync(join(root, 'modules'), { recursive: true }), /There are no modules/],
    [
      'has an empty folder of modules',
      (root) => {
        rmSync(join(root, 'modules'), { recursive: true });
        write(root, 'modules/README.md', '');
      },
      /There are no modules/,
    ],
    ['has no tsconfig.json', (root) => rmSync(join(root, 'tsconfig.json')), /tsconfig\.json is broken/],
    [
      'has a tsconfig.json that is no JSON',
      (root) => write(root, 'tsconfig.json', '{ "compilerOptions": '),
      /tsconfig\.json is broken/,
    ],
    [
      'has a tsconfig.json with an unknown option',
      (root) => write(root, 'tsconfig.json', '{ "compilerOptions": { "strickt": true } }'),
      /tsconfig\.json is broken.*strickt/,
    ],
    [
      'has a tsconfig.json that extends nothing',
      (root) => write(root, 'tsconfig.json', '{ "extends": "./gone.json" }'),
      /tsconfig\.json is broken/,
    ],
    [
      'has a file that is no TypeScript',
      (root) => write(root, 'modules/stock/broken.ts', 'export const {'),
      /modules\/stock\/broken\.ts:\d+ cannot be parsed/,
    ],
    [
      'has a file that is no text',
      (root) => write(root, 'modules/stock/binary.ts', '\u0000\u0001\ufffd'),
      /modules\/stock\/binary\.ts:1 cannot be parsed/,
    ],
    [
      'has a link to nowhere',
      (root) => symlinkSync('gone.ts', join(root, 'modules/stock/link.ts')),
      /modules\/stock\/link\.ts is a link to nowhere/,
    ],
  ])('%s: exit 2, and no list', async (_, spoil, reason) => {
    const { status, stdout, stderr } = await checked(spoil);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(reason);
  });

  it('has a file that may not be read', async () => {
    const { status, stdout } = await checked((root) => {
      write(root, 'modules/stock/locked.ts', `import '../billing/billing.entity.js';\n`);
      chmodSync(join(root, 'modules/stock/locked.ts'), 0);
    });
    // An administrator reads it all the same, and then sees the violation.
    expect(status).toBe(process.getuid?.() === 0 ? 1 : 2);
    expect(stdout.includes('only-contracts')).toBe(status === 1);
  });
});

describe('a tree without modules', () => {
  it('is checked when it says that there are none yet', async () => {
    const root = makeTree({ 'modules/none-yet.md': '' }, []);
    write(root, 'src/modules.ts', 'export const modules = [];\n');
    write(root, 'src/main.ts', `import './modules.js';\nimport './platform/http/index.js';\n`);
    const { stdout, stderr } = await runGate(['--root', root]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\b0 modules, /);
  });

  it('must not go on saying so', async () => {
    const [found] = await violationsOf(makeTree({ 'modules/none-yet.md': '' }));
    expect(found).toMatchObject({ file: 'modules/none-yet.md', rule: 'none-yet' });
  });
});

describe('violations', () => {
  it.each([256, 300])('violations are counted, not turned into an exit code: %i', async (count) => {
    const imports = Array.from(
      { length: count },
      (_, index) => `export type T${index} = import('../stock/step-1.js').Step1;\n`,
    );
    const root = makeTree({ 'modules/billing/many.ts': imports.join('') });
    const { status, stdout } = await runGate(['--json', '--root', root]);
    expect(status).toBe(1);
    expect((JSON.parse(stdout) as object[]).length).toBeGreaterThanOrEqual(count);
  });

  it('are found in a tree that has none of the packages', async () => {
    const root = makeTree({ 'modules/billing/leak.ts': `import '../stock/step-1.js';\n` });
    rmSync(join(root, 'node_modules'));
    expect(new Set((await violationsOf(root)).map(({ rule }) => rule))).toEqual(
      new Set(['only-contracts', 'dead-code']),
    );
  });
});

describe('the command line', () => {
  it.each([
    ['an unknown flag', ['--roots', '.'], "Unknown option '--roots'. See --help.\n"],
    ['a word', ['billing'], "Unexpected argument 'billing'. See --help.\n"],
    ['a flag without its value', ['--root'], "Option '--root <value>' argument missing. See --help.\n"],
    ['a folder that is not there', ['--root', '/nowhere'], '--root: there is no /nowhere. See --help.\n'],
  ])('ends with 2 at %s', async (_, args, stderr) => {
    expect(await runGate(args)).toEqual({ status: 2, stdout: '', stderr });
  });

  it('explains itself', async () => {
    expect(await runGate(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--root DIR'),
      stderr: '',
    });
  });
});
