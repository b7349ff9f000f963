import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail, program, readArguments } from './lib/cli.js';
import { git } from './extract/repository.js';
import { refuseChanges } from './init/repository.js';
import type { Outcome, Tree } from './upgrade/merge.js';
import { mergeInto, mergeIntoFolder } from './upgrade/merge.js';
import { lift } from './upgrade/lift.js';
import { apart, stepsBetween } from './upgrade/notes.js';
import type { Start } from './upgrade/start.js';
import { readStart, wordsOf } from './upgrade/start.js';
import { status } from './upgrade/status.js';
import { commitOf, fetchSource, makeTree, revisionOf } from './upgrade/trees.js';

const HELP = `
npm run upgrade -- --to TAG|DIR [--source URL|DIR]
npm run upgrade -- --clone DIR --from VERSION --answers ANSWERS
npm run upgrade -- --status --source URL|DIR

Brings a project to a newer version of the starter by a three-way merge: init, told the same as then, makes the former and
the newer version of it, and what differs between them is merged into the project. What was changed on both sides is a
conflict of git; without a repository it is marked in the files. Commit first; nothing is committed here.

  --to          a tag of the starter, or a folder with a clone of it, whose present commit is taken
  --source      the starter's repository, with its history; with --to DIR that folder
  --clone DIR   the project, where it is older than this command: run it in a clone of the newer starter
  --from        the version of the starter that the project has; else what package.json says: startedFrom
  --answers     what init was told, as in '--name my-app --drop-example'; else what package.json says
  --status      lists the starter's files that were changed here, and changes nothing
  --help        prints this
`;

const FLAGS = {
  to: { type: 'string' },
  source: { type: 'string' },
  clone: { type: 'string' },
  from: { type: 'string' },
  answers: { type: 'string' },
  status: { type: 'boolean', default: false },
} as const;

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(joined(args), FLAGS);
  const root = resolve(flags.clone ?? '.');
  const start = startOf(root, flags.from, flags.answers);
  const { source, to } = placesOf(flags);
  const isRepository = existsSync(join(root, '.git'));
  if (isRepository && !flags.status) refuseChanges(root);
  const scratch = mkdtempSync(join(tmpdir(), 'upgrade-'));
  const kept = join(scratch, 'source');
  try {
    fetchSource(source, kept);
    const former = baseOf(kept, start);
    if (flags.status) return void process.stdout.write(status(root, await treeOf('former', former)));
    const revision = to === undefined ? git(kept, 'rev-parse', 'HEAD') : revisionOf(kept, to);
    const version = versionAt(kept, revision);
    if (former === revision) fail(`This is version ${version} already: nothing to do.`);
    const [base, theirs] = [await treeOf('former', former), await treeOf('newer', revision)];
    const steps = stepsBetween(kept, former, revision);
    const merged = isRepository
      ? mergeInto(root, base, theirs, steps)
      : mergeIntoFolder(root, scratch, base, theirs, steps);
    tell(version, merged);
    process.stdout.write(apart(start.version, version, steps));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  async function treeOf(name: string, revision: string): Promise<Tree> {
    const dir = join(scratch, name);
    process.stdout.write(`The ${name} version, ${revision.slice(0, 8)}, as init makes it …\n`);
    const commit = makeTree(kept, revision, start.init, dir, [root, resolve('.'), source]);
    return { dir, commit: start.lifted === undefined ? commit : await lift(dir, root, start.lifted) };
  }
});

/** The answers begin like a flag. */
function joined(args: readonly string[]): string[] {
  const at = args.indexOf('--answers');
  const value = args[at + 1];
  return at < 0 || value === undefined ? [...args] : args.toSpliced(at, 2, `--answers=${value}`);
}

/** @throws UsageError when it is not said, or not well */
function startOf(root: string, from: string | undefined, answers: string | undefined): Start {
  const path = join(root, 'package.json');
  if (!existsSync(path)) fail(`There is no project in ${root}: expected a package.json.`);
  const recorded = readStart(readFileSync(path, 'utf8'));
  const [version, init] = [from ?? recorded?.version, answers ?? recorded?.init];
  if (version === undefined || init === undefined)
    return fail('package.json does not say how the project began: say it by --from and --answers. See --help.');
  wordsOf(init);
  return { version, init, revision: from === undefined ? recorded?.revision : undefined, lifted: recorded?.lifted };
}

function placesOf(flags: { to?: string; source?: string; clone?: string; status: boolean }): {
  source: string;
  to: string | undefined;
} {
  const { to, source, clone, status } = flags;
  if (clone !== undefined && to === undefined) return { source: resolve(source ?? '.'), to: undefined };
  if (to === undefined && !status) fail('Either --to or --clone has to be given. See --help.');
  if (to !== undefined && existsSync(join(to, 'package.json'))) return { source: resolve(source ?? to), to: undefined };
  if (source === undefined) return fail('--source has to say where the starter’s repository is. See --help.');
  return { source, to };
}

/** The commit that was recorded, where the starter has it; else that of the version. */
function baseOf(source: string, { revision, version }: Start): string {
  return (revision && commitOf(source, revision)) ?? revisionOf(source, version);
}

function versionAt(source: string, revision: string): string {
  return (JSON.parse(git(source, 'show', `${revision}:package.json`)) as { version: string }).version;
}

function tell(version: string, { changed, conflicts, followed }: Outcome): void {
  process.stdout.write(
    `This is version ${version} now: ${changed} files changed, ${conflicts.length} with conflicts.\n`,
  );
  for (const path of conflicts) process.stdout.write(`  ${path}\n`);
  if (followed.length > 0) process.stdout.write('Imports of your own files follow what was moved or renamed, in\n');
  for (const path of followed) process.stdout.write(`  ${path}\n`);
  const first = conflicts.length > 0 ? 'Resolve them, then' : 'Next';
  process.stdout.write(
    `${first}: npm install && npm run fix && npm run map && npm run check && npm test, and commit.\n`,
  );
}
