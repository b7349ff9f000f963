import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { eventually } from '../../src/platform/testing/index.js';
import { Clone } from '../support/clone.js';
import { emptyDatabase, emptyFolder } from '../support/stage.js';
import { needs } from '../support/needs.js';

const describe = needs('git');

const LAUNCH = 'src/tools/launch.cjs';
let clone: Clone;
beforeAll(async () => {
  clone = new Clone();
  expect((await clone.node([LAUNCH])).code).toBe(0);
}, 600_000);
afterAll(() => clone.remove());

const init = (...args: readonly string[]) => clone.tool('init', ...args);
/** Lines that `git grep` finds. */
function found(...args: readonly string[]): string {
  try {
    return clone.git('grep', '--line-number', ...args);
  } catch (error) {
    if ((error as { status?: number }).status === 1) return '';
    throw error;
  }
}
const refused = (errors: string) => ({ code: 2, output: '', errors: `${errors}\n` });
const text = (path: string) => readFileSync(join(clone.root, path), 'utf8');
/** Looked for before it is used. */
const OPTIONAL = ['docs/benchmarks.md', 'test/acceptance', 'test/topology/crash.tier2.spec.ts'];
const SHAPE = '--name has to be lower-case words joined by "-", as in "my-app"';

describe('npm run init', () => {
  it.each([
    [[], '--name has to be named, as in "my-app". See --help.'],
    [['--name', 'MyApp'], `${SHAPE}, not "MyApp". See --help.`],
    [['--name', '@acme/app'], `${SHAPE}, not "@acme/app". See --help.`],
    [['--name', 'my_app'], `${SHAPE}, not "my_app". See --help.`],
    [
      ['--name', 'x'.repeat(23)],
      `--name has to have 22 letters at most (the role of each module carries it twice; PostgreSQL has 63 bytes for that); "${'x'.repeat(23)}" has 23.`,
    ],
    [['--name', 'pg-x'], 'PostgreSQL keeps names that begin with "pg_" for itself: choose another than "pg-x".'],
    [['--name', 'class'], '"class" is a reserved word: choose another name.'],
    [['--name'], "Option '--name <value>' argument missing. See --help."],
    [['my-app'], "Unexpected argument 'my-app'. See --help."],
    [['--name', 'my-app', '--drop'], "Unknown option '--drop'. See --help."],
  ])('refuses %j in one line', async (args, message) => {
    expect(await init(...args)).toEqual(refused(message));
  });

  it('refuses what is not committed', async () => {
    writeFileSync(join(clone.root, 'note.md'), 'Mine.\n');
    const message =
      'There are changes that are not committed (note.md): commit or stash them first, so that nothing is lost.';
    expect(await init('--name', 'my-app')).toEqual(refused(message));
    clone.git('clean', '--quiet', '--force');
  });

  it('takes everything back when it cannot be finished', async () => {
    writeFileSync(join(clone.root, 'src/broken.ts'), 'export const broken: number = "no";\n');
    clone.commit();
    const { code, errors } = await init('--name', 'my-app', '--drop-example');
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('Nothing was changed') });
    expect(clone.git('status', '--porcelain')).toBe('');
    clone.git('reset', '--quiet', '--hard', 'HEAD~1');
  }, 600_000);
});

describe('a project with a name of its own', () => {
  beforeAll(async () => {
    expect(await init('--name', 'my-app', '--keep-proofs')).toMatchObject({ code: 0, errors: '' });
    clone.commit();
  }, 600_000);

  it('has no other anywhere, except where the copyright is told', () => {
    const found = clone.git('grep', '--ignore-case', '--files-with-matches', ['lift', 'out'].join(''));
    expect(found.trim().split('\n')).toEqual(['LICENSE']);
    expect(text('README.md')).toMatch(/^# My App\n/);
    expect(JSON.parse(text('package.json'))).toMatchObject({ name: 'my-app' });
  });

  it('is formatted, compiles and keeps its boundaries, with the example', async () => {
    const format = await clone.node(['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']);
    expect(format).toEqual({ code: 0, output: '', errors: '' });
    const boundaries = await clone.tool('boundaries');
    expect(boundaries).toMatchObject({ code: 0, output: expect.stringMatching(/^boundaries hold: [1-9]/) });
  }, 600_000);

  it('is not changed by doing it again, and refuses a second name', async () => {
    expect(await init('--name', 'my-app', '--keep-proofs')).toMatchObject({
      code: 0,
      output: 'This is my-app already: nothing to do.\n',
    });
    expect((await init('--name', 'other')).errors).toMatch(/^This project is called my-app already\. .*\n$/);
    expect(clone.git('status', '--porcelain')).toBe('');
  });
});

describe('a project without the proofs', () => {
  let said: string;
  beforeAll(async () => {
    const { code, output, errors } = await init('--name', 'my-app');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    said = output;
    clone.commit();
  }, 600_000);

  it('has no command for them, and no file', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: object };
    const before = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    expect(Object.keys(before.scripts).filter((script) => !(script in scripts))).toEqual(['evidence']);
    expect(clone.git('ls-files', 'test/bench/rivals', 'test/init', 'test/generators', 'docs/evidence.md')).toBe('');
  });

  it('speaks of nothing that is gone, except in the records of decisions', () => {
    const gone = ['bench/rivals', 'evidence', 'generators', 'guides', 'init'].map((folder) => `test/${folder}`);
    const words = ['npm run evidence', 'support/evidence', 'benchmarks\\.md', ...gone].join('|');
    const where = [
      '*',
      ':!docs/decisions',
      ':!test/bench',
      ':!src/tools',
      ':!.dependency-cruiser.js',
      ':!package-lock.json',
    ];
    expect(found('--extended-regexp', words, '--', ...where)).toBe('');
  });

  it('is as large as the README of the template says, to a tenth', () => {
    const figure = (pattern: RegExp, from: string) => Number(pattern.exec(from)![1]!.replace(',', ''));
    const readme = readFileSync('README.md', 'utf8');
    for (const [told, counted] of [
      [figure(/some ([\d,]+) lines of\s+platform/, readme), figure(/(\d+) of platform/, said)],
      [figure(/([\d,]+) of tools/, readme), figure(/(\d+) of tools/, said)],
      [figure(/([\d,]+) of tests/, readme), figure(/(\d+) of tests/, said)],
    ] as const)
      expect(Math.abs(told / counted - 1)).toBeLessThan(0.1);
  });

  it('passes every check, and the tests of its boundaries', async () => {
    const check = await clone.tool('check');
    if (check.code !== 0) throw new Error(check.output + check.errors);
    const tests = await clone.tool('test', 'test/boundaries', 'src/platform/coded-error.spec.ts');
    if (tests.code !== 0) throw new Error(tests.output + tests.errors);
  }, 900_000);
});

describe('a project without the example', () => {
  beforeAll(async () => {
    expect(await init('--name', 'my-app', '--drop-example')).toMatchObject({ code: 0, errors: '' });
    clone.commit();
  }, 600_000);

  it('has no module, and nothing that needs one', async () => {
    expect(existsSync(join(clone.root, 'modules/none-yet.md'))).toBe(true);
    expect(clone.git('ls-files', 'modules/*/*', 'test/acceptance')).toBe('');
    expect(text('src/modules.ts')).toContain('export const modules: readonly Type[] = [];');
    expect(text('CODEOWNERS')).not.toContain('/modules/');
    expect(clone.git('ls-files', 'test').split('\n').length).toBeGreaterThan(80);
  });

  it('has pages that neither link to what is gone nor show where it was', () => {
    const pages = clone.git('ls-files', '*.md').trim().split('\n');
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      expect({ page, marked: /^<!-- (?:example|template):/m.test(text(page)) }).toEqual({ page, marked: false });
      const targets = [...text(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map((found) => join(page, '..', found[1]!));
      const dead = targets.filter((target) => existsSync(target) && !existsSync(join(clone.root, target)));
      expect({ page, dead }).toEqual({ page, dead: [] });
    }
  });

  it('has no test that names what is gone', () => {
    const files = clone.git('ls-files', 'test/*.ts', 'deploy', '.github').trim().split('\n');
    const there = (path: string) => existsSync(join(clone.root, path)) || !existsSync(path);
    for (const file of files) {
      const named = [...text(file).matchAll(/\b(?:test|docs|deploy|modules)\/[\w./-]*\w/g)].map(([path]) => path);
      const gone = named.filter((path) => !there(path) && !OPTIONAL.includes(path));
      expect({ file, gone }).toEqual({ file, gone: [] });
    }
  });

  it('passes every check', async () => {
    const check = await clone.tool('check');
    if (check.code !== 0) throw new Error(check.output + check.errors);
    expect(check.output).toMatch(/^boundaries hold: 0 modules, /m);
  }, 600_000);

  it('starts, answers, and says what to do next', async () => {
    const [DATA_DIR, DATABASE_URL] = await Promise.all([emptyFolder(), emptyDatabase()]);
    const host = spawn(process.execPath, ['dist/src/main.js'], {
      cwd: clone.root,
      env: { ...process.env, DATA_DIR, DATABASE_URL, PORT: '0' },
    });
    let output = '';
    host.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => host.once('close', resolve));
    const url = await eventually(() => /Application +(http\S+)/.exec(output)?.[1], 'the address', 60_000);
    expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({ status: 'ok', modules: [] });
    expect((await fetch(`${url}/v1/anything`)).status).toBe(404);
    expect(output).toContain('npm run new:module -- billing');
    host.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 600_000);
});
