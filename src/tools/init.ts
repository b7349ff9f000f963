import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NONE_YET, readTree } from './boundaries/modules/tree.js';
import { fail, program, readArguments } from './lib/cli.js';
import { Changes } from './generate/changes.js';
import { checkShape } from './generate/names.js';
import { RESERVED } from './generate/reserved.js';
import { projectLetters, ROLES } from './generate/room.js';
import { bringUpToDate, GENERATED } from './init/bring-up-to-date.js';
import { filesOf, readExample, withoutLinks, withoutModules, withoutSections } from './init/example.js';
import { filesOfProofs, readProofs, withoutPaths, withoutScripts } from './init/proofs.js';
import { renamed } from './init/rename.js';
import { readTracked, refuseChanges, revisionAt } from './init/repository.js';
import { sizeOf } from './init/size.js';
import { withFirstVersion, withStart } from './upgrade/start.js';

const HELP = `
npm run init -- --name NAME [--drop-example] [--keep-proofs]

Makes the project yours: its name in the package, the titles, the database and its roles, the logs and the documents.
What only proves the template goes: benchmarks, evidence runs, tests of gates and generators, and what speaks of them.
Commit first: what is not committed is refused, and what goes wrong is taken back. Once done it does nothing again.

  --name NAME       lower-case words joined by "-", as in my-app
  --drop-example    also removes the example: its modules, their tests, and what the documents say of them
  --keep-proofs     keeps the benchmarks, the evidence runs and the tests of gates and generators
  --help            prints this
`;

const FLAGS = {
  name: { type: 'string' },
  'drop-example': { type: 'boolean', default: false },
  'keep-proofs': { type: 'boolean', default: false },
} as const;

/** Files of settings that name paths. */
const SETTINGS = ['modules/example.json', 'renovate.json', 'tsconfig.build.json'];

/** In two parts, so that a rename leaves it as it is. */
const TEMPLATE = ['lift', 'out'].join('');

const NO_MODULES = `# No modules yet

Make the first one, and this file goes:

\`\`\`sh
npm run new:module -- billing
\`\`\`

It is here so that the boundary gate can tell a project without modules from one whose modules it did not find.
`;

await program(import.meta.url, HELP, async (args) => {
  const { flags } = readArguments(args, FLAGS);
  const root = process.cwd();
  const name = checkName(flags.name, root);
  const changes = plan(root, name, flags);
  if (changes.paths.length === 0) return void process.stdout.write(`This is ${name} already: nothing to do.\n`);
  refuseChanges(root);
  for (const path of GENERATED) changes.watch(path);
  await changes.apply(() => bringUpToDate(root));
  process.stdout.write(`This is ${name} now: ${changes.paths.length} files changed. Look at them with "git status".\n`);
  const { platform, tools, modules, tests } = sizeOf(readTracked(root));
  process.stdout.write(
    `Lines of TypeScript: ${platform} of platform, ${tools} of tools, ${modules} of modules, ${tests} of tests.\n`,
  );
  process.stdout.write('Say in README.md what it is for, and commit.\n');
  process.stdout.write(
    `Next: npm run check && npm test${flags['drop-example'] ? ', or npm run new:module -- billing' : ''}\n`,
  );
});

/** @throws UsageError when the project cannot be called so */
function checkName(given: string | undefined, root: string): string {
  const bound = { letters: projectLetters(readTree(root).modules), why: ROLES };
  const name = checkShape('--name', given, 'my-app', bound);
  if (/^pg(?:-|$)/.test(name))
    fail(`PostgreSQL keeps names that begin with "pg_" for itself: choose another than "${name}".`);
  if (RESERVED.has(name)) fail(`"${name}" is a reserved word: choose another name.`);
  if (name.includes(TEMPLATE)) fail(`--name has to be a name of your own, not "${name}". See --help.`);
  return name;
}

interface Choice {
  'drop-example': boolean;
  'keep-proofs': boolean;
}

function plan(root: string, name: string, choice: Choice): Changes {
  const files = readTracked(root);
  const changes = new Changes(root);
  const { name: present } = JSON.parse(files.get('package.json') ?? '{}') as { name?: string };
  if (present !== name && present !== TEMPLATE)
    fail(
      `This project is called ${present} already. It is renamed once: change that by hand, or begin with a new clone.`,
    );
  if (!choice['keep-proofs']) dropProofs(files, changes);
  if (choice['drop-example']) dropExample(files, changes);
  const kept = new Map([...files].filter(([path]) => !changes.removes(path)));
  if (present !== TEMPLATE) return changes;
  const own = [...kept].map(([path, text]) => [path, isTool(path) ? text : withoutSections(text, 'template')] as const);
  for (const [path, text] of own) if (text !== kept.get(path)) changes.edit(path, text);
  for (const [path, text] of renamed(new Map(own), TEMPLATE, name))
    if (!changes.removes(path)) changes.edit(path, text);
  recordStart(root, name, choice, changes);
  return changes;
}

/** So that `npm run upgrade` can make the same again of a newer version. */
function recordStart(root: string, name: string, choice: Choice, changes: Changes): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const flags = (['drop-example', 'keep-proofs'] as const).filter((flag) => choice[flag]);
  const init = [`--name ${name}`, ...flags.map((flag) => `--${flag}`)].join(' ');
  const start = { version, revision: revisionAt(root), init };
  changes.edit('package.json', withStart(changes.textOf('package.json'), start));
  changes.edit('package-lock.json', withFirstVersion(changes.textOf('package-lock.json')));
}

/** They speak of the marks. */
function isTool(path: string): boolean {
  return path.startsWith('src/tools/');
}

/** Takes what only proves the template out of `files`, and notes the changes. */
function dropProofs(files: Map<string, string>, changes: Changes): void {
  const proofs = readProofs(files);
  if (!proofs) return;
  const gone = filesOfProofs(proofs, files);
  const left = [...files.keys()].filter((path) => !gone.has(path));
  const isGone = (path: string) =>
    [...gone].some((each) => each === path || each.startsWith(`${path}/`)) &&
    !left.some((each) => each === path || each.startsWith(`${path}/`));
  take(files, changes, gone, (path, text) => {
    if (path === 'package.json') return withoutScripts(text, proofs.scripts);
    if (SETTINGS.includes(path)) return withoutPaths(text, isGone);
    return withoutSubject(path, text, 'proofs', files, gone);
  });
}

/** Takes the example out of `files`, and notes the changes. */
function dropExample(files: Map<string, string>, changes: Changes): void {
  const example = readExample(files);
  if (!example) return;
  const gone = filesOf(example, files);
  take(files, changes, gone, (path, text) => {
    const left = withoutSubject(path, text, 'example', files, gone);
    return path === 'src/modules.ts' ? withoutModules(left, example.modules) : left;
  });
  const others = [...files.keys()].some((path) => /^modules\/[^/]+\/module\.json$/.test(path) && !gone.has(path));
  if (!others) changes.edit(NONE_YET, NO_MODULES);
}

function withoutSubject(
  path: string,
  text: string,
  subject: 'example' | 'proofs',
  files: ReadonlyMap<string, string>,
  gone: ReadonlySet<string>,
): string {
  const left = withoutSections(text, subject);
  return path.endsWith('.md') ? withoutLinks(path, left, files.keys(), gone) : left;
}

/** Removes files, and edits those that are left. */
function take(
  files: Map<string, string>,
  changes: Changes,
  gone: ReadonlySet<string>,
  edit: (path: string, text: string) => string,
): void {
  for (const path of gone) {
    changes.remove(path);
    files.delete(path);
  }
  for (const [path, text] of files) {
    if (isTool(path)) continue;
    const wanted = edit(path, text);
    if (wanted === text) continue;
    files.set(path, wanted);
    changes.edit(path, wanted);
  }
}
