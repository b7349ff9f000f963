import { fail, oneOf, program, readArguments } from './lib/cli.js';
import { readFields } from './generate/fields.js';
import { planMigration } from './generate/migrations.js';
import type { Plan } from './generate/kinds.js';
import {
  planBringIn,
  planCommand,
  planEvent,
  planModule,
  planQuery,
  planSaga,
  planSchedule,
} from './generate/kinds.js';
import type { Project } from './generate/project.js';
import { readProject } from './generate/project.js';
import { refresh } from './generate/refresh.js';
import { remember, textAt, undo } from './generate/undo.js';
import { readModules } from './lib/load-modules.js';

const HELP = `
npm run new:module -- NAME [--thing NOUN] [--field NAME:TYPE]… [--entity]
npm run new:module -- NAME --from PATH
npm run new:command -- MODULE VERB-NOUN [--on NOUN] [--field NAME:TYPE]…
npm run new:query -- MODULE VERB-NOUN [--on NOUN] [--field NAME:TYPE]…
npm run new:event -- MODULE NOUN-HAPPENED [--on NOUN] [--field NAME:TYPE]…
npm run new:saga -- MODULE NAME [--on EVENT]
npm run new:migration -- MODULE [NAME] [--from-entities]
npm run new:schedule -- MODULE VERB-NOUN
npm run new:module -- --undo

Writes the code by which a module, or something in one, begins: wired, with its migration, route and specs. Every check
is green right after.

  new:module    a module that keeps things, can be told to add one, be asked for one, and says so: billing
    --thing     what it keeps, as in invoice; by default what its name is the plural of, else entry
    --entity    written with a TypeORM entity and its repository instead of SQL: docs/guides/sql-or-entities.md
    --from      brings in an ordinary Nest module instead: the folder with its @Module, entities, controllers and services.
                What has no place in a bounded context yet is recorded in boundaries-baseline.json; what cannot be brought in
                is named with what to do, and nothing is written: docs/guides/bring-in-a-module.md
  new:command   makes a thing that the module has no table of yet, or whose verb says so (add, create, register, …), else
                does something to one: billing issue-invoice
    --on        the thing whose table it uses, where the name speaks of a part of it: patients change-contact --on patient
    --field     what it carries and the table keeps, as in birth-date:date; a "?" behind it: it may be left out. Types: text,
                email, url, uuid, int, number, boolean, date, time (a moment: 2026-01-31T12:00:00Z). On a thing that is there it gets new values; a column
                that the table lacks is added. Of a query: what it shows; of an event: what it says
  new:query     gets one thing; with list, find, search, browse or a plural, page by page: billing list-invoices
  new:event     in the contracts, told by the command that does what has happened: billing invoice-issued
  new:saga      a process with a step, its answer, its undoing and a timeout: billing dunning
    --on        the event of the module that begins it, as in invoice-issued; by default its first one
  new:migration an empty one, called "tables" unless NAME says what it does: billing invoice-numbers
    --from-entities   with the statements that the tables lack to be what the module's entities say, up and down. They are
                found in a database of its own on the server of development, which is gone afterwards
  new:schedule  a command that runs each night: billing send-reminders
  --undo        takes back what the latest generator did, whatever it made: npm run new:module -- --undo. Refused once a file
                of it has changed; git restores those
  --help        prints this

Names are lower-case words joined by "-". An invalid name prints one line and exits with 2; nothing is written.
`;

const KINDS = ['module', 'command', 'query', 'event', 'saga', 'migration', 'schedule'] as const;
const FLAGS = {
  from: { type: 'string' },
  thing: { type: 'string' },
  on: { type: 'string' },
  field: { type: 'string', multiple: true },
  entity: { type: 'boolean' },
  'from-entities': { type: 'boolean' },
} as const;

/** @throws UsageError when the arguments are wrong */
export function plan(args: readonly string[], project: Project): Plan {
  const { flags, words } = readArguments(args, FLAGS, true);
  const [given, first, second, ...more] = words;
  const kind = oneOf('What is new', given, KINDS);
  const extra = kind === 'module' ? second : more[0];
  if (extra !== undefined) fail(`Unexpected argument '${extra}'. See --help.`);
  if (flags.thing !== undefined && kind !== 'module') fail('--thing belongs to new:module. See --help.');
  if (flags.from !== undefined && kind !== 'module') fail('--from belongs to new:module. See --help.');
  if (flags.on !== undefined && kind === 'module') fail('--on is for what is new in a module. See --help.');
  if (flags.field !== undefined && ['saga', 'migration', 'schedule'].includes(kind))
    fail(`--field is not for new:${kind}. See --help.`);
  if (flags.on !== undefined && (kind === 'migration' || kind === 'schedule'))
    fail(`--on is not for new:${kind}. See --help.`);
  if (flags.entity && kind !== 'module') fail('--entity belongs to new:module. See --help.');
  if (flags['from-entities'] && kind !== 'migration') fail('--from-entities belongs to new:migration. See --help.');
  if (flags.from !== undefined && (flags.thing ?? flags.field ?? flags.entity) !== undefined)
    fail('--from brings in what is there: --thing, --field and --entity are for what is new. See --help.');
  if (flags.from !== undefined) return planBringIn(project, first, flags.from);
  const details = { on: flags.on, fields: readFields(flags.field ?? []) };
  if (kind === 'module') return planModule(project, first, flags.thing, details.fields, flags.entity);
  const module = first ?? fail(`The module has to be named first, as in "billing". See --help.`);
  if (kind === 'command') return planCommand(project, module, second, details);
  if (kind === 'migration') return planMigration(project, module, second, flags['from-entities'] ?? false);
  if (kind === 'query') return planQuery(project, module, second, details);
  if (kind === 'schedule') return planSchedule(project, module, second);
  return kind === 'event' ? planEvent(project, module, second, details) : planSaga(project, module, second, flags.on);
}

await program(import.meta.url, HELP, async (args) => {
  const root = process.cwd();
  if (args.includes('--undo')) return takeBack(root, args);
  const modules = await readModules();
  const { changes, module, next, complete, bringIn } = plan(args, await readProject(root, modules));
  for (const path of [
    'CODEOWNERS',
    'docs/modules.md',
    'docs/modules.svg',
    'docs/asyncapi.json',
    `modules/${module}/README.md`,
  ])
    changes.watch(path);
  for (const kind of ['snapshot', 'samples']) changes.watch(`modules/${module}/contracts.${kind}.json`);
  let told = next;
  await changes.apply(async () => {
    told = (await complete?.(modules)) ?? next;
    await refresh(root, changes);
    told = (await bringIn?.record()) ?? told;
  });
  const done = changes.differences().sort((a, b) => (a.path < b.path ? -1 : 1));
  remember(root, `new:${args.join(' ')}`, done);
  for (const { path, after } of done) process.stdout.write(`${after === undefined ? 'removed' : 'wrote'} ${path}\n`);
  process.stdout.write(`\n${told}\nNow: npm run check && npm test\n`);
});

/** @throws UsageError when more is said than that */
function takeBack(root: string, args: readonly string[]): void {
  const [, ...more] = args.filter((arg) => arg !== '--undo');
  if (more.length > 0) fail(`--undo stands alone, not beside "${more.join(' ')}". See --help.`);
  const { words, paths } = undo(root);
  for (const path of [...paths].sort())
    process.stdout.write(`${textAt(root, path) === undefined ? 'removed' : 'restored'} ${path}\n`);
  process.stdout.write(`\nundone: ${words}\n`);
}
