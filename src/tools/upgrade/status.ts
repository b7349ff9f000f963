import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { git } from '../extract/repository.js';
import type { Tree } from './merge.js';
import { UNTRACKED } from './merge.js';

const KINDS: Readonly<Record<string, string>> = { M: 'changed', T: 'changed', D: 'removed' };

/** Which files of the starter are not in `root` as they were, as lines. Only reads there. */
export function status(root: string, { dir }: Tree): string {
  appendFileSync(join(dir, '.git/info/exclude'), UNTRACKED);
  const inRoot = ['--git-dir', join(dir, '.git'), '--work-tree', '.'];
  git(root, ...inRoot, 'add', '--all', '--', '.');
  const listed = git(root, ...inRoot, 'diff', '--cached', '--name-status', '-z', '--diff-filter=MTDR', '-M', 'HEAD');
  const words = listed.split('\0').filter(Boolean);
  const lines: string[] = [];
  while (words.length > 0) {
    const [kind, path] = [words.shift()!, words.shift()!];
    lines.push(kind.startsWith('R') ? `moved ${path} to ${words.shift()!}` : `${KINDS[kind]} ${path}`);
  }
  const count = `${lines.length} files of the starter are not as they were.`;
  return [...lines, lines.length > 0 ? count : 'Every file of the starter is as it was.', ''].join('\n');
}
