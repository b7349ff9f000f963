import type { Type } from '@nestjs/common';
import { NONE_YET } from '../boundaries/modules/tree.js';
import { fail } from '../lib/cli.js';
import { BringIn } from '../bring-in/bring-in.js';
import { describeAll } from '../contracts/describe.js';
import { inventSample } from '../contracts/recorded/samples.js';
import type { MessageClass } from '../../platform/messaging/define.js';
import { Extension } from './add.js';
import { Changes } from './changes.js';
import { SourceEdit } from './edit.js';
import { checkAction, checkClassName, checkEntityName, checkModuleName, checkShape, checkThing } from './names.js';
import type { Field } from './fields.js';
import { fieldOfColumn, NOTE } from './fields.js';
import type { Project, ProjectModule } from './project.js';
import { moduleNamed, textOf } from './project.js';
import { moduleFiles } from './templates/module.js';
import { moduleLetters, ROLE } from './room.js';
import type { Thing } from './thing.js';
import { isRequired, thingOf } from './thing.js';
import { camel, one, pascal, past, plural, singular, snake } from './words.js';

/** What a generator is going to write, and what is left to the person. */
export interface Plan {
  changes: Changes;
  module: string;
  next: string;
  /** What needs the files to be there. @returns what is left to the person, where that is known only now */
  complete?: (types: readonly Type[]) => Promise<string | undefined>;
  /** What is to be recorded at the very end. */
  bringIn?: BringIn;
}

export function planModule(
  project: Project,
  name: string | undefined,
  thing: string | undefined,
  fields: readonly Field[],
  entity = false,
): Plan {
  const bound = { letters: moduleLetters(project.name), why: ROLE };
  const module = checkShape('The module', name, 'billing', bound);
  checkModuleName(module, project.modules);
  const noun = thing === undefined ? firstThing(module) : singular(checkShape('--thing', thing, 'invoice'));
  checkThing(noun, snake(plural(noun)), project.platformTables);
  for (const part of ['module', 'http']) checkClassName(module, pascal(`${module}-${part}`));
  for (const type of [`add-${noun}`, `get-${noun}`, `${noun}-added`]) checkClassName(noun, pascal(type));
  if (entity) checkEntityName(noun, pascal(noun));
  const changes = new Changes(project.root);
  for (const [path, text] of Object.entries(moduleFiles(module, noun, project.name))) changes.add(path, text);
  const extension = new Extension(project, { name: module, migratedAt: 0, messages: [] }, changes);
  const add = { name: `add-${noun}`, verb: 'add', moment: '', fields: orNote(fields), creates: true };
  const made = { ...newThing(noun), ...(entity && { entity: { type: pascal(noun), file: `${noun}.entity.ts` } }) };
  refuseOwn(made, fields);
  const added = extension.command(add, made);
  extension.query(`get-${noun}`, 'get', added, false);
  extension.event({ name: `${noun}-added`, subject: noun, fields: [] }, added);
  const list = new SourceEdit('src/modules.ts', textOf(project, 'src/modules.ts'));
  const type = `${pascal(module)}Module`;
  changes.edit(
    'src/modules.ts',
    list.import(`../modules/${module}/${module}.module.js`, type).addToConstant('modules', type).text,
  );
  if (project.modules.length === 0) changes.remove(NONE_YET);
  return { changes, module, next: `Say in modules/${module}/module.json what it is there for and who owns it.` };
}

/** @param from the folder of an ordinary Nest module */
export function planBringIn(project: Project, name: string | undefined, from: string): Plan {
  const module = checkShape('The module', name, 'billing', { letters: moduleLetters(project.name), why: ROLE });
  checkModuleName(module, project.modules);
  const bringIn = new BringIn(project, module, from);
  const complete = async () => {
    await bringIn.migrate();
    return undefined;
  };
  return { changes: bringIn.changes, module, next: '', complete, bringIn };
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

const orNote = (fields: readonly Field[]) => (fields.length > 0 ? fields : [NOTE]);

/** @throws UsageError when a field is called like what a table has anyway */
function refuseOwn({ idColumn }: Thing, fields: readonly Field[]): void {
  const own = fields.find(({ column }) => column === idColumn || column === 'created_at');
  if (own) fail(`Every table has ${own.column} of its own: choose another name for the field.`);
}

/** What the words of a command line say besides the names. */
interface Details {
  /** What it is done to, where the name speaks of something else. */
  readonly on?: string | undefined;
  readonly fields: readonly Field[];
}

/** The thing that a table keeps. @throws UsageError when `--on` names one that there is not */
function thingFor(project: Project, module: ProjectModule, noun: string, { on, fields }: Details): Thing {
  const thing = thingOf(project, module, on === undefined ? noun : checkShape('--on', on, 'invoice'));
  const tables = module.tables.map(({ name }) => name).join(', ') || 'none';
  if (on !== undefined && !thing.columns) fail(`${module.name} keeps no ${on}; its tables: ${tables}. See --help.`);
  refuseOwn(thing, fields);
  return thing;
}

/** Verbs that make a thing, also where there is a table of such. */
const MAKING = new Set(['add', 'create', 'enter', 'make', 'record', 'register']);

export function planCommand(project: Project, name: string, wanted: string | undefined, details: Details): Plan {
  const module = moduleNamed(project, name);
  const { verb, noun } = checkAction('The command', wanted, 'issue-invoice');
  checkClassName(wanted!, pascal(wanted!));
  const extension = new Extension(project, module);
  const thing = thingFor(project, module, noun, details);
  const creates = !thing.columns || (details.on === undefined && MAKING.has(verb));
  const fields = creates ? fieldsToMake(thing, details.fields) : details.fields;
  const moment = details.on === undefined ? `${past(verb)}_at` : `${snake(noun)}_${past(verb)}_at`;
  extension.command({ name: wanted!, verb, moment, fields, creates }, thing);
  const next = `It is not in the contracts: move it there when another module is to send it.`;
  return { changes: extension.changes, module: name, next };
}

/** Those that were given; else what a row of the table that is there cannot do without. */
function fieldsToMake({ table, columns, idColumn, idSchema }: Thing, given: readonly Field[]): readonly Field[] {
  if (!columns) return orNote(given);
  const required = columns.filter((column) => column.name !== idColumn && isRequired(column));
  const fields = given.length > 0 ? given : required.map(fieldOfColumn).filter((field) => field !== undefined);
  const missing = required.filter(({ name }) => !fields.some(({ column, optional }) => column === name && !optional));
  if (missing.length > 0)
    fail(`A row of ${table} cannot do without ${missing.map(({ name }) => name).join(', ')}: name each by --field.`);
  if (idSchema !== 'z.uuid()') fail(`The rows of ${table} have an identity of their own kind: write it by hand.`);
  return fields.length > 0 ? fields : fail(`Say by --field what a row of ${table} gets. See --help.`);
}

const MANY = new Set(['list', 'find', 'search', 'browse']);

export function planQuery(project: Project, name: string, wanted: string | undefined, details: Details): Plan {
  const module = moduleNamed(project, name);
  const { verb, noun } = checkAction('The query', wanted, 'get-invoice');
  checkClassName(wanted!, pascal(wanted!));
  const extension = new Extension(project, module);
  const thing = thingFor(project, module, noun, details);
  if (details.fields.length > 0) refuseUnknown(thing, details.fields);
  extension.query(
    `${verb}-${noun}`,
    verb,
    { ...thing, shown: details.fields },
    MANY.has(verb) || singular(noun) !== noun,
  );
  const empty = thing.columns ? '' : `The table ${thing.table} is new, and nothing fills it yet.\n`;
  const next = `${empty}It is not in the contracts: move it there when another module is to ask it.`;
  return { changes: extension.changes, module: name, next };
}

/** @throws UsageError when the table does not have what a query is to show */
function refuseUnknown({ table, columns = [] }: Thing, fields: readonly Field[]): void {
  const unknown = fields.find(({ column }) => !columns.some(({ name }) => name === column));
  const known = columns.map(({ name }) => name).join(', ') || 'nothing yet';
  if (unknown) fail(`The table ${table} has no column ${unknown.column} to show; it has ${known}.`);
}

export function planEvent(project: Project, name: string, wanted: string | undefined, details: Details): Plan {
  const module = moduleNamed(project, name);
  const event = checkShape('The event', wanted, 'invoice-issued');
  const [, noun, happened] = /^(.+)-([a-z]+[dnt])$/.exec(event) ?? [];
  if (!noun || !happened)
    return fail(`The event has to be a thing and what has happened to it, as in "invoice-issued", not "${event}".`);
  checkClassName(event, pascal(event));
  const extension = new Extension(project, module);
  const known = module.tables.some(({ name: table }) => table === snake(plural(noun)) || table === snake(noun));
  const thing = known || details.on !== undefined ? thingFor(project, module, noun, details) : newThing(noun);
  refuseOwn(thing, details.fields);
  const command = extension.event({ name: event, subject: noun, fields: details.fields }, thing);
  const values = [thing.id, ...details.fields.map((field) => field.name)].join(', ');
  const says = `this.events.publish(new ${pascal(event)}({ ${values} }))`;
  const next = command ? `${command} publishes it.` : `Publish it where ${one(noun)} is ${happened}: ${says}.`;
  return { changes: extension.changes, module: name, next };
}

export function planSchedule(project: Project, name: string, wanted: string | undefined): Plan {
  const module = moduleNamed(project, name);
  const { verb } = checkAction('The schedule', wanted, 'send-reminders');
  checkClassName(wanted!, pascal(wanted!));
  const extension = new Extension(project, module);
  extension.schedule(wanted!, verb);
  const next = `It runs each night: say in modules/${name}/${wanted!}.ts when it does, and what.`;
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
