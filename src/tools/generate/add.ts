import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../lib/cli.js';
import type { Column } from '../map/tables.js';
import { Changes } from './changes.js';
import { SourceEdit } from './edit.js';
import type { EntityClass, Project, ProjectModule } from './project.js';
import { textOf } from './project.js';
import { actingCommand, actingSpec, creatingCommand, creatingSpec } from './templates/command.js';
import type { Happening } from './templates/event.js';
import { entityFile, propertyOf } from './templates/entity.js';
import { eventFile, eventSpec } from './templates/event.js';
import { EMPTY, migration } from './templates/migration.js';
import type { Place, Route } from './templates/place.js';
import type { RouteMethod } from './templates/routes.js';
import { actingRoute, changingRoute, creatingRoute, gettingRoute, listingRoute } from './templates/routes.js';
import { gettingQuery, gettingSpec, listingQuery, listingSpec } from './templates/query.js';
import type { Beginning } from './templates/saga.js';
import { beginCommand, cancelCommand, sagaFile, sagaSpec, sagaTable } from './templates/saga.js';
import { scheduledCommand, scheduleSpec } from './templates/schedule.js';
import type { Thing } from './thing.js';
import { refuseMoment, refuseOtherType } from './thing.js';
import type { Field } from './fields.js';
import { columnOf, NOTE } from './fields.js';
import { bodyOf, changingCommand, changingSpec } from './templates/change.js';
import { camel, pascal, past, plural, snake } from './words.js';

/** Of every table that a generator makes. */
const CREATED: Column = { name: 'created_at', definition: 'timestamptz NOT NULL DEFAULT now()' };

/** What a command does to a thing. */
interface Action {
  /** `change-contact` */
  readonly name: string;
  readonly verb: string;
  /** The column that says when, where it keeps nothing else: `contact_changed_at`. */
  readonly moment: string;
  readonly fields: readonly Field[];
  /** Whether it makes a thing, also where there is a table. */
  readonly creates: boolean;
}

/** One module while something is added to it; nothing is written before all of it is known. */
export class Extension {
  readonly #folder: string;
  #migratedAt: number;

  constructor(
    readonly project: Project,
    readonly module: Pick<ProjectModule, 'name' | 'migratedAt' | 'messages'>,
    readonly changes = new Changes(project.root),
  ) {
    this.#folder = `modules/${module.name}`;
    this.#migratedAt = module.migratedAt;
  }

  command(action: Action, thing: Thing): Thing {
    if (action.creates) return this.#create(action, thing);
    return action.fields.length > 0 ? this.#change(action, thing) : this.#act(action, thing);
  }

  #create({ name, verb, fields }: Action, thing: Thing): Thing {
    const place = this.#place(name, verb);
    const body = thing.columns ? bodyOf(name) : `New${pascal(thing.noun)}`;
    const whole = thing.columns ? this.#addColumns(thing, fields) : this.#makeTable(thing, fields);
    const route = this.#route(thing, 'Post', '', verb);
    this.#addUseCase(
      name,
      creatingCommand(place, whole, fields, body),
      creatingSpec(place, whole, fields, body, route),
    );
    this.#addRoute(creatingRoute(place, whole, body, route));
    return whole;
  }

  #change({ name, verb, fields }: Action, thing: Thing): Thing {
    this.#refuseMessage(name);
    const whole = this.#addColumns(thing, fields);
    const place = this.#place(name, verb);
    const route = this.#route(thing, 'Post', `:${thing.id}/${pathOf(name, thing)}`, verb);
    this.#addUseCase(name, changingCommand(place, whole, fields), changingSpec(place, whole, fields, route));
    this.#addRoute(changingRoute(place, whole, bodyOf(name), route));
    return whole;
  }

  #act({ name, verb, moment }: Action, thing: Thing): Thing {
    this.#refuseMessage(name);
    refuseMoment(thing, moment);
    const place = { ...this.#place(name, verb), moment };
    const whole = this.#addMoment(thing, moment);
    const route = this.#route(thing, 'Post', `:${thing.id}/${pathOf(name, thing)}`, verb);
    this.#addUseCase(name, actingCommand(place, whole), actingSpec(place, whole, route));
    this.#addRoute(actingRoute(place, whole, route));
    return whole;
  }

  #addUseCase(name: string, code: string, spec: string): void {
    this.#addFile(`${name}.ts`, code);
    this.#addFile(`${name}.spec.ts`, spec);
    this.#provide(name);
  }

  query(name: string, verb: string, thing: Thing, many: boolean): Thing {
    const place = this.#place(name, verb);
    const whole = thing.columns ? thing : this.#makeTable(thing, [NOTE]);
    const view = many
      ? `${pascal(name)}Item`
      : name === `get-${thing.noun}`
        ? `${pascal(thing.noun)}View`
        : `${pascal(name)}View`;
    const route = this.#route(whole, 'Get', many ? '' : `:${whole.id}`, verb);
    this.#addFile(`${name}.ts`, many ? listingQuery(place, view, whole) : gettingQuery(place, view, whole));
    this.#addFile(`${name}.spec.ts`, many ? listingSpec(place, whole, route) : gettingSpec(place, whole, route));
    this.#provide(name);
    this.#addRoute(many ? listingRoute(place, whole, route, view) : gettingRoute(place, whole, route, view));
    return whole;
  }

  /** @returns the command that now publishes it, if there is one that does what it says was done */
  event(event: Happening, thing: Thing): string | undefined {
    const { name } = event;
    this.#refuseMessage(name);
    this.changes.add(`${this.#folder}/contracts/${name}.ts`, eventFile(this.module.name, event, thing));
    this.#export(name);
    const command = this.#commandThat(event, thing);
    if (command) this.#publish(command, event, thing);
    else this.#addFile(`contracts/${name}.spec.ts`, eventSpec(this.module.name, event, thing));
    return command;
  }

  schedule(name: string, verb: string): void {
    const place = this.#place(name, verb);
    this.#addUseCase(name, scheduledCommand(place), scheduleSpec(place));
  }

  saga(name: string, beginning: Beginning): void {
    const module = this.module.name;
    for (const step of [`begin-${name}`, `cancel-${name}`]) this.#refuseMessage(step);
    this.#migrate(name, `\`${sagaTable(name)}\``, `DROP TABLE ${snake(plural(name))}`);
    this.#addFile(`begin-${name}.ts`, beginCommand(module, name));
    this.#addFile(`cancel-${name}.ts`, cancelCommand(module, name));
    this.#addFile(`${name}.saga.ts`, sagaFile(module, name, beginning));
    this.#addFile(
      `${name}.saga.spec.ts`,
      sagaSpec({ module, name, verb: '', moment: '', neighbours: this.#neighbours() }, beginning),
    );
    this.#provide(`begin-${name}`);
    this.#provide(`cancel-${name}`);
    this.#edit(`${module}.module.ts`, (file) =>
      file.import(`./${name}.saga.js`, pascal(name)).addToList('providers', pascal(name)),
    );
  }

  #place(name: string, verb: string): Place {
    this.#refuseMessage(name);
    return { module: this.module.name, name, verb, moment: `${past(verb)}_at`, neighbours: this.#neighbours() };
  }

  #refuseMessage(name: string): void {
    const wire = `${this.module.name}.${name}.v1`;
    if (this.module.messages.includes(wire)) fail(`There is a message ${wire} already.`);
  }

  #neighbours(): string[] {
    const manifest = this.#text('module.json');
    return Object.keys((JSON.parse(manifest) as { dependsOn: object }).dependsOn);
  }

  #makeTable(thing: Thing, fields: readonly Field[]): Thing {
    const { table, idColumn } = thing;
    const columns = [{ name: idColumn, definition: 'uuid PRIMARY KEY' }, ...fields.map(columnOf), CREATED];
    const lines = columns.map(({ name, definition }) => `        ${name} ${definition}`);
    this.#migrate(
      table.replaceAll('_', '-'),
      `\`\n      CREATE TABLE ${table} (\n${lines.join(',\n')}\n      )\``,
      `DROP TABLE ${table}`,
    );
    const made = { ...thing, columns };
    if (thing.entity) this.#addEntity(made, thing.entity);
    return made;
  }

  #addEntity(thing: Thing, { type, file: name }: EntityClass): void {
    this.#addFile(name, entityFile(thing, type));
    this.#edit(`${this.module.name}.module.ts`, (file) =>
      file.import(`./${name.replace(/ts$/, 'js')}`, type).addToList('entities', type),
    );
  }

  #addMoment(thing: Thing, column: string): Thing {
    const moment = column.replace(/_at$/, '').replaceAll('_', '-');
    return this.#alter(`${moment}-${plural(thing.noun)}`, thing, [{ name: column, definition: 'timestamptz' }]);
  }

  /** Those that the table does not have; empty in the rows that there are. */
  #addColumns(thing: Thing, fields: readonly Field[]): Thing {
    const columns = fields.flatMap((field) => {
      const present = thing.columns!.find(({ name }) => name === field.column);
      if (present) refuseOtherType(thing, present, field);
      return present ? [] : [{ name: field.column, definition: field.type }];
    });
    const names = columns.map(({ name }) => name.replaceAll('_', '-')).join('-');
    return columns.length > 0 ? this.#alter(`${names}-of-${plural(thing.noun)}`, thing, columns) : thing;
  }

  #alter(name: string, thing: Thing, columns: readonly Column[]): Thing {
    const added = columns.map((column) => `ADD COLUMN ${column.name} ${column.definition}`).join(', ');
    const dropped = columns.map((column) => `DROP COLUMN ${column.name}`).join(', ');
    this.#migrate(name, `'ALTER TABLE ${thing.table} ${added}'`, `ALTER TABLE ${thing.table} ${dropped}`);
    if (thing.entity) this.#addProperties(thing.entity, columns);
    return { ...thing, columns: [...thing.columns!, ...columns] };
  }

  #addProperties({ file: name }: EntityClass, columns: readonly Column[]): void {
    this.#edit(name, (file) => {
      for (const { decorator, text } of columns.map(propertyOf))
        file.addMethod('Entity', text).import('typeorm', decorator);
    });
  }

  /** One that does nothing yet. */
  migration(name: string): { changes: Changes; path: string } {
    return { changes: this.changes, path: this.#migrate(name, EMPTY.up, EMPTY.down) };
  }

  #migrate(name: string, up: string, down: string): string {
    this.#migratedAt = Math.max(Date.now(), this.#migratedAt + 1);
    const { path, type, text } = migration(this.module.name, name, this.#migratedAt, [up], [`'${down}'`]);
    this.changes.add(path, text);
    const from = `./migrations/${path.split('/').at(-1)!.replace(/ts$/, 'js')}`;
    this.#edit(`${this.module.name}.module.ts`, (file) => file.import(from, type).addToList('migrations', type));
    return path;
  }

  /** Under the module's own path; where that is taken, with the verb behind. */
  #route({ noun }: Thing, method: string, rest: string, verb: string): Route {
    const text = this.#text(`${this.module.name}.http.ts`);
    const base = /@Controller\('([^']+)'\)/.exec(text)?.[1];
    if (base === undefined)
      return fail(`${this.#folder}/${this.module.name}.http.ts has no @Controller('…') to add a route to.`);
    const own = base.split('/').at(-1) === plural(noun) ? '' : plural(noun);
    const wanted = [own, rest].filter((part) => part !== '').join('/');
    const taken =
      new RegExp(`@${method}\\((?:'${wanted.replaceAll('/', '\\/')}')\\)`).test(text) ||
      (wanted === '' && text.includes(`@${method}()`));
    const path = taken ? [wanted, verb].filter((part) => part !== '').join('/') : wanted;
    return { path: path === '' ? '' : `'${path}'`, url: `/${[base, path].filter((part) => part !== '').join('/')}` };
  }

  #addRoute({ imports, uses, text }: RouteMethod): void {
    this.#edit(`${this.module.name}.http.ts`, (file) => {
      const bus = file.inject('Controller', ...uses);
      file.addMethod('Controller', text.replaceAll('@bus', `this.${bus}`));
      file.import('@nestjs/cqrs', uses[0]);
      for (const [from, ...names] of imports) file.import(from, ...names);
    });
  }

  #provide(name: string): void {
    const handler = `${pascal(name)}Handler`;
    this.#edit(`${this.module.name}.module.ts`, (file) =>
      file.import(`./${name}.js`, handler).addToList('providers', handler),
    );
  }

  #export(name: string): void {
    const path = `${this.#folder}/contracts/index.ts`;
    const present =
      this.changes.paths.includes(path) || existsSync(join(this.project.root, path)) ? this.changes.textOf(path) : '';
    const empty = /^(?:\/\*\*.*\*\/\n)?export \{\};\n$/.test(present);
    this.changes.edit(path, `${empty ? '' : present}export * from './${name}.js';\n`);
  }

  /** The command that does what it says was done, if it has in hand what the event says. */
  #commandThat({ name: event, subject, fields }: Happening, { id }: Thing): string | undefined {
    const folder = join(this.project.root, this.#folder);
    const there = existsSync(folder) ? readdirSync(folder) : [];
    const files = [...there, ...this.changes.paths.map((path) => path.split('/').at(-1)!)];
    const commands = files.map((file) => new RegExp(`^([a-z]+)-${subject}\\.ts$`).exec(file)?.[1]);
    const verb = commands.find((each) => each !== undefined && `${subject}-${past(each)}` === event);
    const name = `${verb}-${subject}`;
    if (verb === undefined) return undefined;
    const [code, known] = [this.#text(`${name}.ts`), (field: string) => `execute\\(\\{[^)]*\\b${field}\\b`];
    if (!new RegExp(`const ${id} =|${known(id)}`).test(code)) return undefined;
    if (!fields.every((field) => new RegExp(known(field.name)).test(code))) return undefined;
    return this.#text(`${name}.spec.ts`, '').includes(`const ${camel(name)} =`) ||
      this.#text(`${name}.spec.ts`, '').includes(`function ${camel(name)}(`)
      ? name
      : undefined;
  }

  #publish(command: string, { name, fields }: Happening, { id }: Thing): void {
    const [type, act] = [pascal(name), camel(command)];
    const values = [id, ...fields.map((field) => field.name)].join(', ');
    this.#edit(`${command}.ts`, (file) => {
      const bus = file.inject('CommandHandler', 'EventBus', 'events');
      file.addStatement('CommandHandler', 'execute', `this.${bus}.publish(new ${type}({ ${values} }));`);
      file.import('@nestjs/cqrs', 'EventBus').import('./contracts/index.js', type);
    });
    this.#edit(`${command}.spec.ts`, (file) => {
      file.import('./contracts/index.js', type);
      file.addTest(
        `it('tells ${type}', async () => {\nconst { ${id} } = await ${act}();\nawait scene.published(${type}, { ${id} });\n});`,
      );
    });
  }

  #addFile(name: string, text: string): void {
    this.changes.add(`${this.#folder}/${name}`, text);
  }

  #edit(name: string, change: (file: SourceEdit) => unknown): void {
    const path = `${this.#folder}/${name}`;
    const file = new SourceEdit(path, this.#text(name));
    change(file);
    this.changes.edit(path, file.text);
  }

  #text(name: string, otherwise?: string): string {
    const path = `${this.#folder}/${name}`;
    if (this.changes.paths.includes(path)) return this.changes.textOf(path);
    if (otherwise !== undefined && !existsSync(join(this.project.root, path))) return otherwise;
    return textOf(this.project, path);
  }
}

/** `issue` of `issue-invoice`, where it is done to an invoice; else all of it. */
const pathOf = (name: string, { noun }: Thing) => (name.endsWith(`-${noun}`) ? name.slice(0, -noun.length - 1) : name);
