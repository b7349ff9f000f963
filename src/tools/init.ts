import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeGenerated } from './boundaries/codeowners.js';
import { readManifests } from './boundaries/manifest.js';
import { NONE_YET, readTree } from './boundaries/tree.js';
import { fail, program, readArguments } from './cli.js';
import { Changes } from './generate/changes.js';
import { checkShape } from './generate/names.js';
import { RESERVED } from './generate/reserved.js';
import { projectLetters, ROLES } from './generate/room.js';
import { filesOf, readExample, withoutLinks, withoutModules, withoutSections } from './init/example.js';
import { renamed } from './init/rename.js';
import { readTracked, refuseChanges } from './init/repository.js';

const HELP = `
npm run init -- --name NAME [--drop-example]

Makes the project yours: its name in the package, the titles, the database and its roles, the logs and the documents.
Commit first: what is not committed is refused, and what goes wrong is taken back. Once done it does nothing again.

  --name NAME       lower-case words joined by "-", as in my-app
  --drop-example    also removes the example: its modules, their tests, and what the documents say of them
  --help            prints this
`;

const FLAGS = { name: { type: 'string' }, 'drop-example': { type: 'boolean', default: false } } as const;

/** In two parts, so that a rename leaves it as it is. */
const TEMPLATE = ['lift', 'out'].join('');

/** What is tested once, where it is made: not in the project that came of it. */
const OWN_TESTS = ['test/init/', 'test/generators/'];

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
  const changes = plan(root, name, flags['drop-example']);
  if (changes.paths.length === 0) return void process.stdout.write(`This is ${name} already: nothing to do.\n`);
  refuseChanges(root);
  for (const path of ['CODEOWNERS', 'docs/modules.md', 'docs/modules.svg']) changes.watch(path);
  await changes.apply(() => bringUpToDate(root));
  process.stdout.write(`This is ${name} now: ${changes.paths.length} files changed. Look at them with "git status".\n`);
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

function plan(root: string, name: string, drop: boolean): Changes {
  const files = readTracked(root);
  const changes = new Changes(root);
  const { name: present } = JSON.parse(files.get('package.json') ?? '{}') as { name?: string };
  if (present !== name && present !== TEMPLATE)
    fail(
      `This project is called ${present} already. It is renamed once: change that by hand, or begin with a new clone.`,
    );
  if (drop) dropExample(files, changes);
  const kept = new Map([...files].filter(([path]) => !changes.removes(path)));
  if (present !== TEMPLATE) return changes;
  for (const path of kept.keys()) if (OWN_TESTS.some((folder) => path.startsWith(folder))) changes.remove(path);
  const own = [...kept].map(([path, text]) => [path, isTool(path) ? text : withoutSections(text, 'template')] as const);
  for (const [path, text] of own) if (text !== kept.get(path)) changes.edit(path, text);
  for (const [path, text] of renamed(new Map(own), TEMPLATE, name))
    if (!changes.removes(path)) changes.edit(path, text);
  return changes;
}

/** They speak of the marks. */
function isTool(path: string): boolean {
  return path.startsWith('src/tools/');
}

/** Takes the example out of `files`, and notes the changes. */
function dropExample(files: Map<string, string>, changes: Changes): void {
  const example = readExample(files);
  if (!example) return;
  const gone = filesOf(example, files);
  for (const path of gone) changes.remove(path);
  for (const [path, text] of files) {
    if (gone.has(path) || isTool(path)) continue;
    const left = path.endsWith('.md')
      ? withoutLinks(path, withoutSections(text), files.keys(), gone)
      : withoutSections(text);
    const wanted = path === 'src/modules.ts' ? withoutModules(left, example.modules) : left;
    if (wanted === text) continue;
    files.set(path, wanted);
    changes.edit(path, wanted);
  }
  const others = [...files.keys()].some((path) => /^modules\/[^/]+\/module\.json$/.test(path) && !gone.has(path));
  if (!others) changes.edit(NONE_YET, NO_MODULES);
}

/** What is made from the code. */
function bringUpToDate(root: string): void {
  writeGenerated(root, readManifests(readTree(root)).declared);
  for (const args of [['src/tools/launch.cjs'], [join('dist', 'src', 'tools', 'map.js')]]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${stdout}${stderr}\nNothing was changed: "node ${args.join(' ')}" failed.`);
  }
}
