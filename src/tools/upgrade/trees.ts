import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../lib/cli.js';
import { git } from '../extract/repository.js';
import { wordsOf } from './start.js';

/** Versions that have no tag. */
const REVISIONS: Readonly<Record<string, string>> = { '0.1.0': 'd0717d20d113591a21891b2c34dac9d611dc5ff1' };
/** Who commits what is only merged: nobody's settings of git matter. */
export const SOMEBODY = ['-c', 'user.name=upgrade', '-c', 'user.email=upgrade@localhost', '-c', 'commit.gpgSign=false'];

/** The repository of the starter, copied to `dir` once. @throws UsageError when it cannot be reached */
export function fetchSource(source: string, dir: string): void {
  try {
    git('.', 'clone', '--quiet', '--no-checkout', source, dir);
  } catch (error) {
    fail(`The starter cannot be fetched from ${source}: ${lastLine(error)}`);
  }
}

/** @returns the commit of a version or tag of the starter. @throws UsageError when its repository has none */
export function revisionOf(source: string, version: string): string {
  const names = [`refs/tags/v${version}`, `refs/tags/${version}`, REVISIONS[version], version];
  for (const name of names) {
    const found = name && commitOf(source, name);
    if (found) return found;
  }
  return fail(`The starter has no version ${version}: expected one of its tags. Does --source have its whole history?`);
}

/** @returns the commit that a name stands for; `undefined` where it stands for none */
export function commitOf(source: string, name: string): string | undefined {
  try {
    return git(source, 'rev-parse', '--quiet', '--verify', `${name}^{commit}`);
  } catch {
    return undefined;
  }
}

/**
 * What `init` makes of a revision of the starter, committed in a repository of its own.
 *
 * @param packages folders whose packages are used where their lock file agrees; else `npm ci` installs them
 * @returns the commit
 * @throws Error with all that was said, when it cannot be made
 */
export function makeTree(
  source: string,
  revision: string,
  init: string,
  dir: string,
  packages: readonly string[],
): string {
  git('.', 'clone', '--quiet', '--no-checkout', source, dir);
  git(dir, 'checkout', '--quiet', '--detach', revision);
  appendFileSync(join(dir, '.git/info/exclude'), 'node_modules\n');
  install(dir, packages);
  const knows = readFileSync(join(dir, 'src/tools/init.ts'), 'utf8');
  const answers = wordsOf(init).filter((word) => !word.startsWith('--') || knows.includes(word.slice(2)));
  run(process.execPath, ['src/tools/launch.cjs', 'tools/init', ...answers], dir);
  rmSync(join(dir, 'node_modules'), { recursive: true, force: true });
  return commitAs(dir, `What init makes of ${revision}`);
}

/** Commits everything that is in `dir`. @returns the commit */
export function commitAs(dir: string, message: string): string {
  git(dir, 'add', '--all');
  git(dir, ...SOMEBODY, 'commit', '--quiet', '--no-verify', '--message', message);
  return git(dir, 'rev-parse', 'HEAD');
}

function install(dir: string, packages: readonly string[]): void {
  const there = packages.find((each) => existsSync(join(each, 'node_modules')) && locked(each) === locked(dir));
  if (there) symlinkSync(join(there, 'node_modules'), join(dir, 'node_modules'), 'junction');
  else run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], dir);
}

/** The packages of a lock file; the project itself is none. */
function locked(dir: string): string {
  const path = join(dir, 'package-lock.json');
  if (!existsSync(path)) return '';
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, unknown> };
  return JSON.stringify(Object.entries(packages).filter(([name]) => name !== ''));
}

function run(program: string, args: readonly string[], cwd: string): void {
  const shell = process.platform === 'win32' && program === 'npm';
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    shell,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0)
    throw new Error(`${stdout}${stderr}${error ?? ''}\nNothing was changed: "${args.join(' ')}" failed.`);
}

function lastLine(error: unknown): string {
  const said = String((error as { stderr?: string }).stderr ?? error).trim();
  return said.split('\n').at(-1)!;
}
