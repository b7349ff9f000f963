import { NONE_YET } from '../boundaries/tree.js';
import { fail } from '../cli.js';
import { describeAll } from '../contracts/describe.js';
import { inventSample } from '../contracts/samples.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import { Extension } from './add.js';
import { Changes } from './changes.js';
import { SourceEdit } from './edit.js';
import { checkAction, checkClassName, checkModuleName, checkShape, checkThing } from './names.js';
import type { Project } from './project.js';
import { moduleNamed, textOf } from './project.js';
import { moduleFiles } from './templates/module.js';
import { moduleLetters, ROLE } from './room.js';
import type { Thing } from './thing.js';
import { thingOf } from './thing.js';
import { camel, one, pascal, plural, singular, snake } from './words.js';

/** What a generator is going to write, and what is left to the person. */
export interface Plan {
  changes: Changes;
  module: string;
  next: string;
}

export function planModule(project: Project, name: string | undefined, thing: string | undefined): Plan {
  const bound = { letters: moduleLetters(project.name), why: ROLE };
  const module = checkShape('The module', name, 'billing', bound);
  checkModuleName(module, project.modules);
  const noun = thing === undefined ? firstThing(module) : singular(checkShape('--thing', thing, 'invoice'));
  checkThing(noun, snake(plural(noun)), project.platformTables);
  for (const part of ['module', 'http']) checkClassName(module, pascal(`${module}-${part}`));
  for (const type of [`add-${noun}`, `get-${noun}`, `${noun}-added`]) checkClassName(noun, pascal(type));
  const changes = new Changes(project.root);
  for (const [path, text] of Object.entries(moduleFiles(module, noun, project.name))) changes.add(path, text);
  const extension = new Extension(project, { name: module, migratedAt: 0, messages: [] }, changes);
  const added = extension.command('add', newThing(noun));
  extension.query(`get-${noun}`, 'get', added, false);
  extension.event(`${noun}-added`, added);
  const list = new SourceEdit('src/modules.ts', textOf(project, 'src/modules.ts'));
  const type = `${pascal(module)}Module`;
  changes.edit(
    'src/modules.ts',
    list.import(`../modules/${module}/${module}.module.js`, type).addToConstant('modules', type).text,
  );
  if (project.modules.length === 0) changes.remove(NONE_YET);
  return { changes, module, next: `Say in modules/${module}/module.json what it is there for and who owns it.` };
}

/** `invoices` keep an invoice; of other names nobody can tell. */
function firstThing(module: string): string {
  return singular(module) === module ? 'entry' : singular(module);
}

function newThing(noun: string): Thing {
  return {
    noun,
    table: snake(plural(noun)),
    idColumn: `${snake(noun)}_id`,
    id: `${camel(noun)}Id`,
    idSchema: 'z.uuid()',
  };
}

export function planCommand(project: Project, name: string, wanted: string | undefined): Plan {
  const module = moduleNamed(project, name);
  const { verb, noun } = checkAction('The command', wanted, 'issue-invoice');
  checkClassName(wanted!, pascal(wanted!));
  const extension = new Extension(project, module);
  const thing = thingOf(project, module, noun);
  extension.command(verb, thing);
  const next = `It is not in the contracts: move it there when another module is to send it.`;
  return { changes: extension.changes, module: name, next };
}

const MANY = new Set(['list', 'find', 'search', 'browse']);

export function planQuery(project: Project, name: string, wanted: string | undefined): Plan {
  const module = moduleNamed(project, name);
  const { verb, noun } = checkAction('The query', wanted, 'get-invoice');
  checkClassName(wanted!, pascal(wanted!));
  const extension = new Extension(project, module);
  const thing = thingOf(project, module, noun);
  extension.query(`${verb}-${noun}`, verb, thing, MANY.has(verb) || singular(noun) !== noun);
  const empty = thing.columns ? '' : `The table ${thing.table} is new, and nothing fills it yet.\n`;
  const next = `${empty}It is not in the contracts: move it there when another module is to ask it.`;
  return { changes: extension.changes, module: name, next };
}

export function planEvent(project: Project, name: string, wanted: string | undefined): Plan {
  const module = moduleNamed(project, name);
  const event = checkShape('The event', wanted, 'invoice-issued');
  const [, noun, happened] = /^(.+)-([a-z]+[dnt])$/.exec(event) ?? [];
  if (!noun || !happened)
    return fail(`The event has to be a thing and what has happened to it, as in "invoice-issued", not "${event}".`);
  checkClassName(event, pascal(event));
  const extension = new Extension(project, module);
  const known = module.tables.some(({ name: table }) => table === snake(plural(noun)) || table === snake(noun));
  const thing = known ? thingOf(project, module, noun) : newThing(noun);
  const command = extension.event(event, thing);
  const says = `this.events.publish(new ${pascal(event)}({ ${thing.id} }))`;
  const next = command ? `${command} publishes it.` : `Publish it where ${one(noun)} is ${happened}: ${says}.`;
  return { changes: extension.changes, module: name, next };
}

export function planSaga(project: Project, name: string, wanted: string | undefined, on: string | undefined): Plan {
  const module = moduleNamed(project, name);
  const saga = checkShape('The saga', wanted, 'dunning');
  checkThing(saga, snake(plural(saga)), project.platformTables);
  checkClassName(saga, pascal(saga));
  const events = [...module.events].map(([type, definition]) => ({ type, definition }));
  const short = events.map(({ definition }) => definition.name.split('.')[1]!);
  const beginning = events[on === undefined ? 0 : short.indexOf(on)];
  if (events.length === 0) fail(`${name} publishes no event that could begin it: npm run new:event -- ${name} ….`);
  if (!beginning) return fail(`--on has to be ${short.join(' or ')}, not "${on}". See --help.`);
  if (module.tables.some((table) => table.name === snake(plural(saga))))
    fail(`${name} has a table ${snake(plural(saga))} already: choose another name than "${saga}".`);
  const extension = new Extension(project, module);
  extension.saga(saga, { ...beginning, example: exampleOf(beginning.definition.name, module.eventTypes) });
  const next = `${beginning.type} begins it. Its picture is in modules/${name}/README.md and on the map.`;
  return { changes: extension.changes, module: name, next };
}

function exampleOf(name: string, types: readonly MessageClass[]): object {
  const sample = inventSample(describeAll(types).get(name)!);
  return sample ?? fail(`Nobody can guess an example of ${name}: its schema has rules of its own.`);
}
