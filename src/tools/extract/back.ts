import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../lib/cli.js';
import { formatted } from '../generate/changes.js';
import { GENERATED } from '../init/bring-up-to-date.js';
import { readTracked, refuseChanges } from '../init/repository.js';
import type { Files } from './files.js';
import { Draft, isPact, manifestIn, partiesOf } from './files.js';
import type { Leaving } from './plan.js';
import { stay } from './plan.js';
import { git } from './repository.js';

/** In the message of the first commit of a module's own repository, with the revision that it was made of. */
export const TRAILER = 'Extracted-from: ';

/**
 * What becomes of a tree to which a module returns: the module is as it is in its repository, and what its leaving changed
 * here is as it was before, together with what was changed here since.
 *
 * @param dir its repository
 * @param shown what that is called in messages
 * @returns also the files outside of the module that were changed there
 * @throws UsageError when it is not the repository that it left for, or both sides changed the same lines
 */
export async function back(root: string, files: Files, leaving: Leaving, dir: string, shown: string) {
  const { module } = leaving;
  const theirs = readTracked(dir);
  refuseChanges(dir);
  const start = git(dir, 'log', '-1', `--grep=^${TRAILER}`, '--format=%H');
  const revision =
    start && new RegExp(`^${TRAILER}(\\w+)$`, 'm').exec(git(dir, 'show', '-s', '--format=%B', start))?.[1];
  if (!revision || !theirs.has(`modules/${module}/module.json`))
    return fail(`${shown} is not the repository that npm run extract made for ${module}.`);
  if (manifestIn(theirs, module).elsewhere !== undefined) fail(`In ${shown}, too, ${module} lives elsewhere.`);
  const before = filesAt(root, revision, shown);
  const draft = new Draft(files);
  const own = new Set(manifestIn(theirs, module).files);
  // What it expects of others is its own as well.
  const expects = (path: string) => {
    const text = isPact.test(path) ? (theirs.get(path) ?? files.get(path)) : undefined;
    return text !== undefined && partiesOf(text)[0] === module;
  };
  const isOwn = (path: string) => path.startsWith(`modules/${module}/`) || own.has(path) || expects(path);
  const conflicts: string[] = [];
  const gone = stay(before, leaving, manifestIn(files, module).elsewhere!).edits;
  for (const [path, text] of gone) {
    if (isOwn(path) || GENERATED.includes(path)) continue;
    const left = text === undefined ? undefined : await formatted(root, path, text);
    const merged = merge({ ours: files.get(path), base: left, theirs: before.get(path) });
    if (merged === CONFLICT) conflicts.push(path);
    else draft.set(path, merged);
  }
  if (conflicts.length > 0)
    fail(`Its leaving changed ${conflicts.join(', ')}, and so did somebody since, in the same lines: undo that first.`);
  for (const path of files.keys()) if (isOwn(path) && !theirs.has(path)) draft.set(path, undefined);
  for (const [path, text] of theirs) if (isOwn(path)) draft.set(path, text);
  const changed = git(dir, 'diff', '--name-only', start, 'HEAD').split('\n').filter(Boolean);
  return { draft, left: changed.filter((path) => !isOwn(path)) };
}

/** The files of a revision, as they are checked out. */
function filesAt(root: string, revision: string, shown: string): Files {
  const folder = mkdtempSync(join(tmpdir(), 'extract-'));
  try {
    git(root, 'cat-file', '-e', `${revision}^{commit}`);
    git(root, 'clone', '--quiet', '--no-checkout', '.', folder);
    git(folder, 'checkout', '--quiet', '--detach', revision);
    return readTracked(folder);
  } catch {
    return fail(`${shown} was made of ${revision}, which is no commit of this repository.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Text = string | undefined;
const CONFLICT = Symbol('conflict');

function merge({ ours, base, theirs }: Record<'ours' | 'base' | 'theirs', Text>): Text | typeof CONFLICT {
  if (ours === base) return theirs;
  if (ours === theirs || base === theirs) return ours;
  if (ours === undefined || base === undefined || theirs === undefined) return CONFLICT;
  const folder = mkdtempSync(join(tmpdir(), 'extract-'));
  try {
    const texts = { ours, base, theirs };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    const { status, stdout } = spawnSync('git', ['merge-file', '-p', ...Object.keys(texts)], {
      cwd: folder,
      encoding: 'utf8',
    });
    return status === 0 ? stdout : CONFLICT;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
