import { existsSync, rmSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import type { Manifest } from './boundaries/modules/manifest.js';
import { fail, program, readArguments } from './lib/cli.js';
import { back, TRAILER } from './extract/back.js';
import type { Draft } from './extract/files.js';
import { manifestIn, talksTo } from './extract/files.js';
import type { Leaving } from './extract/plan.js';
import { go, stay } from './extract/plan.js';
import { commitAll, copyRepository, git, joinHistory, writeCopy, writeDraft } from './extract/repository.js';
import { knownModules } from './extract/known.js';
import { lockOf, lockPath } from './contracts/elsewhere/lock.js';
import { readTracked, refuseChanges } from './init/repository.js';
import { slashes } from './lib/slashes.js';

const HELP = `
npm run extract -- MODULE --to DIR [--no-history] [--dry-run]
npm run extract -- MODULE --back DIR [--dry-run]

Makes a repository of a module: DIR holds the module, the platform, the tools and the contracts of the modules that it talks
to, those that depend on it included. Here its contracts and its manifest stay, marked as living elsewhere. The module is
remote from then on: see docs/guides/its-own-repository.md. With --back it lives here again, with its commits, as if it had
never left, but for what was changed since in the module; what was changed in its platform is listed and stays there.

Commit first: what is not committed is refused, and what goes wrong is taken back. Nothing is committed here.

  --to DIR        a folder that is not there yet, outside of this one
  --back DIR      the repository that --to made, with everything committed
  --no-history    without the commits, which hold the files of the other modules as well
  --dry-run       prints what would be done, and changes nothing
  --help          prints this
`;

const FLAGS = {
  to: { type: 'string' },
  back: { type: 'string' },
  'no-history': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const;

const DRY = 'Nothing was changed: without --dry-run it is. (- removed, ~ written)\n';

await program(import.meta.url, HELP, async (args) => {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [module, ...more] = words;
  if (module === undefined) fail('The module has to be named, as in "billing". See --help.');
  if (more.length > 0) fail(`One module at a time, not also "${more.join(' ')}". See --help.`);
  if ((flags.to === undefined) === (flags.back === undefined))
    fail('Either --to or --back has to be given. See --help.');
  if (flags.back !== undefined && flags['no-history']) fail('--no-history is for --to. See --help.');
  const root = process.cwd();
  // Ctrl-C ends what is run meanwhile: that fails, and is taken back.
  process.on('SIGINT', () => undefined);
  if (flags.back !== undefined) return await bring(root, module, flags.back, flags['dry-run']);
  await send(root, module, flags.to!, { history: !flags['no-history'], dryRun: flags['dry-run'] });
});

async function send(
  root: string,
  module: string,
  to: string,
  { history, dryRun }: { history: boolean; dryRun: boolean },
) {
  const dir = checkFolder(root, to);
  const files = readTracked(root);
  refuseChanges(root);
  const leaving = { module, all: await knownModules() };
  checkModule(leaving, (name) => manifestIn(files, name));
  const homeOf = ({ elsewhere }: Manifest) => homeFrom(dir, root, elsewhere);
  const [here, there] = [
    stay(files, leaving, pathFrom(root, dir)),
    go(files, leaving, homeOf, git(root, 'rev-parse', 'HEAD')),
  ];
  if (dryRun) return void process.stdout.write(planned(to, there, here));
  try {
    copyRepository(root, dir, history);
    await writeCopy(dir, root, there);
    commitAll(dir, root, `The repository of ${module} alone\n\n${TRAILER}${git(root, 'rev-parse', 'HEAD')}`);
    here.set(lockPath(module), lockOf(here.files, module, pathFrom(root, dir), git(dir, 'rev-parse', 'HEAD')));
    await writeDraft(root, here);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  process.stdout.write(done(module, to, [...talksTo(files, module)].sort()));
}

async function bring(root: string, module: string, from: string, dryRun: boolean): Promise<void> {
  const files = readTracked(root);
  refuseChanges(root);
  const all = await knownModules();
  if (!all.some(({ name }) => name === module)) fail(`There is no module "${module}".`);
  if (manifestIn(files, module).elsewhere === undefined) fail(`${module} lives here: there is nothing to bring back.`);
  const { draft, left } = await back(root, files, { module, all }, resolve(root, from), from);
  if (dryRun) return void process.stdout.write(`Here:\n${lines(draft)}${DRY}`);
  await joinHistory(root, resolve(root, from), () => writeDraft(root, draft));
  process.stdout.write(
    `${module} lives here again, with its history. Look at the changes, and commit: that is a merge.\n`,
  );
  if (left.length > 0)
    process.stdout.write(
      `Changed in ${from} outside of the module, and left there:\n${left.map((path) => `  ${path}\n`).join('')}`,
    );
}

/** @throws UsageError when it is there, or would be part of this repository */
function checkFolder(root: string, to: string): string {
  if (to === '') fail('--to has to be the folder of the new repository, as in ../billing. See --help.');
  const dir = resolve(root, to);
  if (existsSync(dir)) fail(`${to} is there already: choose a folder that is not.`);
  const path = relative(root, dir);
  if (!path.startsWith('..') && !isAbsolute(path))
    fail(`${to} lies in this repository: choose a folder outside of it.`);
  return dir;
}

/** @throws UsageError when it is not here, or nothing would be left */
function checkModule({ module, all }: Leaving, manifestOf: (module: string) => Manifest): void {
  const here = all.map(({ name }) => name).filter((name) => manifestOf(name).elsewhere === undefined);
  const names = all.map(({ name }) => name);
  if (!names.includes(module))
    fail(
      `There is no module "${module}": ${here.length > 0 ? `expected one of ${here.join(', ')}` : 'make it first'}.`,
    );
  if (!here.includes(module)) fail(`${module} lives in another repository already: ${manifestOf(module).elsewhere}.`);
  if (here.length === 1) fail(`${module} is the only module here: this is its own repository already.`);
}

function pathFrom(from: string, to: string): string {
  return slashes(relative(from, to));
}

/** Where a module lives, seen from the new repository. */
function homeFrom(dir: string, root: string, elsewhere: string | undefined): string {
  if (elsewhere === undefined) return pathFrom(dir, root);
  return elsewhere.startsWith('.') ? pathFrom(dir, join(root, elsewhere)) : elsewhere;
}

function planned(to: string, there: Draft, here: Draft): string {
  const size = there.files.size;
  return `In ${to}, a copy of this repository with ${size} files:\n${lines(there)}Here:\n${lines(here)}${DRY}`;
}

function lines({ edits }: Draft): string {
  const all = [...edits].map(([path, text]) => `  ${text === undefined ? '-' : '~'} ${path}\n`);
  return all.sort().join('');
}

function done(module: string, to: string, others: readonly string[]): string {
  return `${module} lives in ${to} now, with the contracts of ${others.join(', ') || 'no other module'}; its first commit is made.
Here its contracts are left. Look at the changes with "git status", and commit them.
Both: npm ci && npm run check. To start them: see docs/guides/its-own-repository.md.
`;
}
