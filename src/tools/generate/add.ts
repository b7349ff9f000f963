import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../cli.js';
import type { Column } from '../map/tables.js';
import { Changes } from './changes.js';
import { SourceEdit } from './edit.js';
import type { Project, ProjectModule } from './project.js';
import { textOf } from './project.js';
import { actingCommand, actingSpec, creatingCommand, creatingSpec } from './templates/command.js';
import { eventFile, eventSpec } from './templates/event.js';
import { migration } from './templates/migration.js';
import type { Place, Route } from './templates/place.js';
import type { RouteMethod } from './templates/routes.js';
import { actingRoute, creatingRoute, gettingRoute, listingRoute } from './templates/routes.js';
import { gettingQuery, gettingSpec, listingQuery, listingSpec } from './templates/query.js';
import type { Beginning } from './templates/saga.js';
import { beginCommand, cancelCommand, sagaFile, sagaSpec, sagaTable } from './templates/saga.js';
import type { Thing } from './thing.js';
import { camel, one, pascal, past, plural, snake } from './words.js';

/** What a table is made of that a generator makes. */
const MADE: readonly Column[] = [
  { name: 'note', definition: 'text NOT NULL' },
  { name: 'created_at', definition: 'timestamptz NOT NULL DEFAULT now()' },
];

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

  command(verb: string, thing: Thing): Thing {
    const { noun } = thing;
    const creates = !thing.columns;
    this.#refuseMessage(`${verb}-${noun}`);
    if (!creates) refuseMoment(thing, verb);
    const place = this.#place(`${verb}-${noun}`, verb);
    const whole = creates ? this.#makeTable(thing) : this.#addMoment(thing, verb);
    const route = this.#route(thing, 'Post', creates ? '' : `:${thing.id}/${verb}`, verb);
    this.#addFile(`${place.name}.ts`, creates ? creatingCommand(place, whole) : actingCommand(place, whole));
    this.#addFile(
      `${place.name}.spec.ts`,
      creates ? creatingSpec(place, whole, route) : actingSpec(place, whole, route),
    );
    this.#provide(place.name);
    this.#addRoute(creates ? creatingRoute(place, whole, route) : actingRoute(place, whole, route));
    return whole;
  }

  query(name: string, verb: string, thing: Thing, many: boolean): Thing {
    const place = this.#place(name, verb);
    const whole = thing.columns ? thing : this.#makeTable(thing);
    const view = many ? `${pascal(name)}Item` : verb === 'get' ? `${pascal(thing.noun)}View` : `${pascal(name)}View`;
    const route = this.#route(whole, 'Get', many ? '' : `:${whole.id}`, verb);
    this.#addFile(`${name}.ts`, many ? listingQuery(place, view, whole) : gettingQuery(place, view, whole));
    this.#addFile(`${name}.spec.ts`, many ? listingSpec(place, whole, route) : gettingSpec(place, whole, route));
    this.#provide(name);
    this.#addRoute(many ? listingRoute(place, whole, route, view) : gettingRoute(place, whole, route, view));
    return whole;
  }

  /** @returns the command that now publishes it, if there is one that does what it says was done */
  event(name: string, thing: Thing): string | undefined {
    this.#refuseMessage(name);
    this.changes.add(`${this.#folder}/contracts/${name}.ts`, eventFile(this.module.name, name, thing));
    this.#export(name);
    const command = this.#commandThat(name, thing);
    if (command) this.#publish(command, name, thing);
    else this.#addFile(`contracts/${name}.spec.ts`, eventSpec(this.module.name, name, thing));
    return command;
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
      sagaSpec({ module, name, verb: '', neighbours: this.#neighbours() }, beginning),
    );
    this.#provide(`begin-${name}`);
    this.#provide(`cancel-${name}`);
    this.#edit(`${module}.module.ts`, (file) =>
      file.import(`./${name}.saga.js`, pascal(name)).addToList('providers', pascal(name)),
    );
  }

  #place(name: string, verb: string): Place {
    this.#refuseMessage(name);
    return { module: this.module.name, name, verb, neighbours: this.#neighbours() };
  }

  #refuseMessage(name: string): void {
    const wire = `${this.module.name}.${name}.v1`;
    if (this.module.messages.includes(wire)) fail(`There is a message ${wire} already.`);
  }

  #neighbours(): string[] {
    const manifest = this.#text('module.json');
    return Object.keys((JSON.parse(manifest) as { dependsOn: object }).dependsOn);
  }

  #makeTable(thing: Thing): Thing {
    const { table, idColumn } = thing;
    const columns = [{ name: idColumn, definition: 'uuid PRIMARY KEY' }, ...MADE];
    const lines = columns.map(({ name, definition }) => `        ${name} ${definition}`);
    this.#migrate(
      table.replaceAll('_', '-'),
      `\`\n      CREATE TABLE ${table} (\n${lines.join(',\n')}\n      )\``,
      `DROP TABLE ${table}`,
    );
    return { ...thing, columns };
  }

  #addMoment(thing: Thing, verb: string): Thing {
    const column = `${past(verb)}_at`;
    const text = `'ALTER TABLE ${thing.table} ADD COLUMN ${column} timestamptz'`;
    this.#migrate(`${past(verb)}-${plural(thing.noun)}`, text, `ALTER TABLE ${thing.table} DROP COLUMN ${column}`);
    return { ...thing, columns: [...thing.columns!, { name: column, definition: 'timestamptz' }] };
  }

  #migrate(name: string, up: string, down: string): void {
    this.#migratedAt = Math.max(Date.now(), this.#migratedAt + 1);
    const { path, type, text } = migration(this.module.name, name, this.#migratedAt, up, down);
    this.changes.add(path, text);
    const from = `./migrations/${path.split('/').at(-1)!.replace(/ts$/, 'js')}`;
    this.#edit(`${this.module.name}.module.ts`, (file) => file.import(from, type).addToList('migrations', type));
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

  #commandThat(event: string, { noun, id }: Thing): string | undefined {
    const folder = join(this.project.root, this.#folder);
    const there = existsSync(folder) ? readdirSync(folder) : [];
    const files = [...there, ...this.changes.paths.map((path) => path.split('/').at(-1)!)];
    const commands = files.map((file) => new RegExp(`^([a-z]+)-${noun}\\.ts$`).exec(file)?.[1]);
    const verb = commands.find((each) => each !== undefined && `${noun}-${past(each)}` === event);
    const name = `${verb}-${noun}`;
    if (verb === undefined || !new RegExp(`const ${id} =|execute\\(\\{[^)]*\\b${id}\\b`).test(this.#text(`${name}.ts`)))
      return undefined;
    return this.#text(`${name}.spec.ts`, '').includes(`const ${camel(name)} =`) ||
      this.#text(`${name}.spec.ts`, '').includes(`function ${camel(name)}(`)
      ? name
      : undefined;
  }

  #publish(command: string, event: string, { id }: Thing): void {
    const [type, act] = [pascal(event), camel(command)];
    this.#edit(`${command}.ts`, (file) => {
      const bus = file.inject('CommandHandler', 'EventBus', 'events');
      file.addStatement('CommandHandler', 'execute', `this.${bus}.publish(new ${type}({ ${id} }));`);
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

/** @throws UsageError when something else says already when it happened */
function refuseMoment({ noun, table, columns }: Thing, verb: string): void {
  const column = `${past(verb)}_at`;
  if (!columns!.some(({ name }) => name === column)) return;
  fail(`The table ${table} has ${column} already, so that something else says when ${one(noun)} was ${past(verb)}.`);
}
