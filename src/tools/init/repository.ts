import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../lib/cli.js';

/**
 * The files under version control that are there, by path; those that are no text are left out.
 * @throws UsageError when the folder is not the root of a repository
 */
export function readTracked(root: string): Map<string, string> {
  const paths = git(root, 'ls-files', '-z').split('\0').filter(Boolean);
  const files = paths.filter((path) => lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile());
  const texts = files.map((path) => [path, readFileSync(join(root, path), 'utf8')] as const);
  return new Map(texts.filter(([, text]) => !text.includes('\0')));
}

/** @throws UsageError when something was changed and not committed: it could not be restored */
export function refuseChanges(root: string): void {
  const changed = git(root, 'status', '--porcelain').split('\n').filter(Boolean);
  if (changed.length === 0) return;
  const first = changed[0]!.slice(3);
  const which = changed.length === 1 ? first : `${first} and ${changed.length - 1} more`;
  fail(`There are changes that are not committed (${which}): commit or stash them first, so that nothing is lost.`);
}

/** The present commit. */
export function revisionAt(root: string): string {
  return git(root, 'rev-parse', 'HEAD').trim();
}

function git(root: string, ...args: readonly string[]): string {
  try {
    return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
  } catch {
    return fail(`${root} is no git repository: run "git init && git add -A && git commit -m start" first.`);
  }
}
