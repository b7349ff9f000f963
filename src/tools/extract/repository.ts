import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bringUpToDate, GENERATED } from '../init/bring-up-to-date.js';
import { Changes } from '../generate/changes.js';
import type { Draft } from './files.js';

export function git(root: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 }).trim();
}

/** Makes a second repository of what is committed. Nothing leads back to the first: to push there would be a mistake. */
export function copyRepository(root: string, dir: string, history: boolean): void {
  git(root, 'clone', '--quiet', '.', dir);
  const branch = git(dir, 'branch', '--show-current') || 'main';
  if (history) return void git(dir, 'remote', 'remove', 'origin');
  rmSync(join(dir, '.git'), { recursive: true });
  git(dir, 'init', '--quiet', `--initial-branch=${branch}`);
}

/** Commits everything; who has no name in the settings of git is who made the latest commit of `root`. */
export function commitAll(dir: string, root: string, message: string): void {
  git(dir, 'add', '--all');
  const person = (['user.name', 'user.email'] as const).flatMap((name) => {
    const format = name === 'user.name' ? '%an' : '%ae';
    return ['-c', `${name}=${setting(root, name) ?? git(root, 'log', '-1', `--format=${format}`)}`];
  });
  git(dir, ...person, 'commit', '--quiet', '--no-verify', '-m', message);
}

function setting(root: string, name: string): string | undefined {
  try {
    return git(root, 'config', name);
  } catch {
    return undefined;
  }
}

/** Writes a draft, and what is made from the code. If that fails, the files are as they were. */
export async function writeDraft(root: string, { edits }: Draft): Promise<void> {
  const changes = new Changes(root);
  for (const [path, text] of edits) {
    if (text === undefined) changes.remove(path);
    else changes.edit(path, text);
  }
  for (const path of GENERATED) changes.watch(path);
  await changes.apply(() => bringUpToDate(root));
}

/** The same in a copy that has no packages yet: it is built with those of `root`. */
export async function writeCopy(dir: string, root: string, draft: Draft): Promise<void> {
  const packages = join(dir, 'node_modules');
  symlinkSync(join(root, 'node_modules'), packages, 'junction');
  await writeDraft(dir, draft);
  rmSync(packages);
  rmSync(join(dir, 'dist'), { recursive: true, force: true });
}

/**
 * Makes the next commit a merge with what is committed in `dir`, and does what that commit is to hold. If that fails, nothing
 * is to be merged any more.
 */
export async function joinHistory(root: string, dir: string, work: () => Promise<void>): Promise<void> {
  git(root, 'fetch', '--quiet', '--no-tags', dir, 'HEAD');
  git(
    root,
    'merge',
    '--quiet',
    '--no-commit',
    '--no-ff',
    '--strategy',
    'ours',
    '--allow-unrelated-histories',
    'FETCH_HEAD',
  );
  try {
    await work();
  } catch (error) {
    git(root, 'merge', '--abort');
    throw error;
  }
}
