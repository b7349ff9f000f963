import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fail } from '../lib/cli.js';
import { git } from '../extract/repository.js';
import { put } from '../generate/changes.js';
import { GENERATED } from '../init/bring-up-to-date.js';
import { followed } from './follow.js';
import type { Step } from './notes.js';
import { movesOf } from './notes.js';
import { SOMEBODY } from './trees.js';

/** What no project tracks, whether or not it says so. */
export const UNTRACKED = 'node_modules\ndist\n.data\n';
const LOCK = 'package-lock.json';

/** One commit in a folder that is a repository. */
export interface Tree {
  dir: string;
  commit: string;
}

/** Former paths, and the present ones. */
type Moves = ReadonlyMap<string, string>;

export interface Outcome {
  changed: number;
  /** Paths with conflicts. */
  conflicts: string[];
  /** Paths of the project's own code in which imports were rewritten. */
  followed: string[];
}

/**
 * Merges what changed from `base` to `theirs` into what is committed in `root`, as git merges two branches that have
 * `base` in common: files that were moved are followed, those in `steps` however much they were changed, and what
 * the project's own code imports of them. Commits nothing; conflicts are marked in the files and in the index. What is made from
 * the code stays as it is where both changed it, and the lock file becomes theirs.
 */
export function mergeInto(root: string, base: Tree, theirs: Tree, steps: readonly Step[]): Outcome {
  const moves = movesOf(steps);
  const treeOf = ({ dir, commit }: Tree) => {
    git(root, 'fetch', '--quiet', '--no-tags', dir, commit);
    return git(root, 'rev-parse', `${commit}^{tree}`);
  };
  const common = commitTree(root, withMoves(root, treeOf(base), moves));
  const other = commitTree(root, treeOf(theirs), common);
  const ours = commitTree(root, withMoves(root, git(root, 'rev-parse', 'HEAD^{tree}'), moves), common);
  const { tree, conflicts } = mergeTrees(root, { yours: ours, starter: other });
  git(root, 'read-tree', '-m', '-u', 'HEAD', tree);
  const settled = [...conflicts.keys()].filter((path) => settle(root, path, other));
  const left = [...conflicts].filter(([path]) => !settled.includes(path));
  markConflicts(root, left);
  const own = followIn(root, other, steps);
  const changed = git(root, 'diff', '--name-only', 'HEAD').split('\n').filter(Boolean).length;
  return { changed, conflicts: left.map(([path]) => path).sort(), followed: own };
}

/** Lets the imports of what the starter does not have follow it. @returns the files in which there were any */
function followIn(root: string, theirs: string, steps: readonly Step[]): string[] {
  const starter = new Set(git(root, 'ls-tree', '-r', '-z', '--name-only', theirs).split('\0'));
  const all = git(root, 'ls-files', '-z', '--', '*.ts').split('\0').filter(Boolean);
  const changed = all.filter((path) => {
    if (starter.has(path) || !existsSync(join(root, path))) return false;
    const text = readFileSync(join(root, path), 'utf8');
    const wanted = followed(path, text, steps);
    if (wanted !== text) writeFileSync(join(root, path), wanted);
    return wanted !== text;
  });
  if (changed.length > 0) git(root, 'add', '--', ...changed);
  return changed;
}

function commitTree(root: string, tree: string, parent?: string): string {
  return git(root, ...SOMEBODY, 'commit-tree', tree, '-m', 'upgrade', ...(parent ? ['-p', parent] : []));
}

/** @returns the tree in which each file has its present path */
function withMoves(root: string, tree: string, moves: Moves): string {
  const folder = mkdtempSync(join(tmpdir(), 'index-'));
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
  const inIndex = (args: readonly string[], input = '') =>
    ended(spawnSync('git', ['-C', root, ...args], { encoding: 'utf8', env, input, maxBuffer: 1 << 28 }));
  inIndex(['read-tree', tree]);
  const lines = inIndex(['ls-files', '--stage', '-z']).split('\0').filter(Boolean);
  const moved = lines.flatMap((line) => {
    const [entry = '', path = ''] = line.split('\t');
    const to = moves.get(path);
    return to ? [`0 ${'0'.repeat(40)}\t${path}\0`, `${entry}\t${to}\0`] : [];
  });
  inIndex(['update-index', '-z', '--index-info'], moved.join(''));
  const result = inIndex(['write-tree']).trim();
  rmSync(folder, { recursive: true });
  return result;
}

/** @returns the merged tree, and the index entries of each path with conflicts */
function mergeTrees(
  root: string,
  sides: Readonly<Record<string, string>>,
): { tree: string; conflicts: Map<string, string[]> } {
  const args = ['-C', root, '-c', 'merge.renameLimit=20000', 'merge-tree', '--write-tree', '-z', '--no-messages'];
  // The marks of a conflict show these names.
  const names = Object.keys(sides).map((side) => `refs/upgrade/${side}`);
  for (const name of names) git(root, 'update-ref', name, sides[basename(name)]!);
  const ran = spawnSync('git', [...args, ...names], { encoding: 'utf8', maxBuffer: 1 << 28 });
  for (const name of names) git(root, 'update-ref', '-d', name);
  if (ran.status !== 0 && ran.status !== 1)
    fail(`git cannot merge: expected version 2.38 or later. It says: ${ran.stderr.trim()}`);
  const [tree, ...entries] = ran.stdout.split('\0').filter(Boolean);
  const conflicts = new Map<string, string[]>();
  for (const entry of entries) {
    const path = entry.slice(entry.indexOf('\t') + 1);
    conflicts.set(path, [...(conflicts.get(path) ?? []), entry]);
  }
  return { tree: tree!, conflicts };
}

/** Decides a conflict that no person has to. @returns whether it did */
function settle(root: string, path: string, theirs: string): boolean {
  if (!GENERATED.includes(path) && path !== LOCK) return false;
  const from = path === LOCK ? theirs : 'HEAD';
  if (git(root, 'ls-tree', from, '--', path)) git(root, 'checkout', '--quiet', from, '--', path);
  else git(root, 'rm', '--quiet', '--force', '--', path);
  return true;
}

function markConflicts(root: string, conflicts: readonly (readonly [string, readonly string[]])[]): void {
  const lines = conflicts.flatMap(([path, entries]) => [`0 ${'0'.repeat(40)}\t${path}`, ...entries]);
  const input = lines.map((line) => `${line}\0`).join('');
  if (input) ended(spawnSync('git', ['-C', root, 'update-index', '-z', '--index-info'], { input, encoding: 'utf8' }));
}

/** The same for a folder without git: all of it is done in a copy, `scratch`, and carried over when it is done. */
export function mergeIntoFolder(
  root: string,
  scratch: string,
  base: Tree,
  theirs: Tree,
  steps: readonly Step[],
): Outcome {
  const [store, copy] = [join(scratch, 'store'), join(scratch, 'copy')];
  git(root, 'init', '--quiet', '--bare', store);
  const inStore = ['--git-dir', store, '--work-tree', '.'];
  appendFileSync(join(store, 'info/exclude'), UNTRACKED);
  git(root, ...inStore, 'add', '--all', '--', '.');
  const commit = commitTree(store, git(root, ...inStore, 'write-tree'));
  git(store, 'update-ref', 'HEAD', commit);
  git(scratch, 'clone', '--quiet', store, copy);
  const outcome = mergeInto(copy, base, theirs, steps);
  for (const path of git(copy, 'diff', '--name-only', '-z', '--no-renames', 'HEAD').split('\0').filter(Boolean)) {
    if (!existsSync(join(copy, path))) {
      put(join(root, path), undefined);
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(join(copy, path), join(root, path));
  }
  return outcome;
}

function ended({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }): string {
  if (status !== 0) throw new Error(`git failed: ${stderr}`);
  return stdout;
}
