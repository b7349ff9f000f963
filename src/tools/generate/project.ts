import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { DefaultNamingStrategy, getMetadataArgsStorage } from 'typeorm';
import type { Context } from '../../platform/bounded-context.js';
import { contextOptions, pathsOf } from '../../platform/bounded-context.js';
import type { MessageClass, MessageDefinition } from '../../platform/messaging/define.js';
import { definitionOf } from '../../platform/messaging/define.js';
import { PLATFORM_MIGRATIONS } from '../../platform/schema/platform-migrations.js';
import { fail } from '../lib/cli.js';
import { slashes } from '../lib/slashes.js';
import type { Table } from '../map/tables.js';
import { tablesOf } from '../map/tables.js';

/** A class that maps a table. */
export interface EntityClass {
  type: string;
  /** Its path in the module. */
  file: string;
}

/** A module as it is before something is added to it. */
export interface ProjectModule {
  name: string;
  livesHere: boolean;
  tables: readonly Table[];
  /** Paths of its controllers, without the first slash. */
  routes: readonly string[];
  /** The wire names of all its messages, those of its own included. */
  messages: readonly string[];
  /** The events of its contracts, by the name of the class. */
  events: ReadonlyMap<string, MessageDefinition>;
  eventTypes: readonly MessageClass[];
  /** By the names of their tables. */
  entities: ReadonlyMap<string, EntityClass>;
  /** The latest of its migrations: milliseconds. */
  migratedAt: number;
}

export interface Project {
  root: string;
  /** Of package.json: who owns what is new. */
  name: string;
  modules: readonly ProjectModule[];
  /** The names of the tables that every schema has. */
  platformTables: readonly string[];
}

export async function readProject(root: string, types: readonly Type[]): Promise<Project> {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
  const modules = await Promise.all(types.map((type) => readModule(root, contextOptions(type)!)));
  return {
    root,
    name,
    modules,
    platformTables: (await tablesOf(PLATFORM_MIGRATIONS)).map((table) => table.name),
  };
}

async function readModule(root: string, context: Context): Promise<ProjectModule> {
  const { name, migrations = [], entities = [], contracts } = context;
  const folder = join(root, 'modules', name);
  const published = Object.entries(contracts).map(
    ([key, value]) => [key, typeof value === 'function' ? definitionOf(value) : undefined] as const,
  );
  const events = published.filter((entry): entry is [string, MessageDefinition] => entry[1]?.kind === 'event');
  return {
    name,
    tables: await tablesOf(migrations),
    livesHere: context.elsewhere === undefined,
    routes: pathsOf(context),
    messages: messagesIn(folder),
    events: new Map(events),
    eventTypes: events.map(([key]) => contracts[key] as MessageClass),
    entities: new Map(entities.map((type) => [tableOf(type), { type: type.name, file: fileOf(folder, type.name) }])),
    migratedAt: Math.max(0, ...migrations.map((migration) => Number(/\d{13}$/.exec(migration.name)?.[0] ?? 0))),
  };
}

/** As TypeORM calls it where the entity does not. */
const tableOf = (entity: new () => object) =>
  getMetadataArgsStorage().tables.find(({ target }) => target === entity)?.name ??
  new DefaultNamingStrategy().tableName(entity.name, undefined);

/** Whatever is written down as the name of one of its messages, whether or not others may see it. */
function messagesIn(folder: string): string[] {
  return sourcesOf(folder).flatMap(({ text }) =>
    [...text.matchAll(/define(?:Command|Query|Event)\(\s*'([^']+)'/g)].map((found) => found[1]!),
  );
}

/** The file of an entity; empty where nobody can tell. */
function fileOf(folder: string, entity: string): string {
  const isThere = new RegExp(`@Entity\\b[^]*\\bclass ${entity}\\b`);
  return sourcesOf(folder).find(({ text }) => isThere.test(text))?.path ?? '';
}

function sourcesOf(folder: string): { path: string; text: string }[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.map((path) => ({ path: slashes(path), text: readFileSync(join(folder, path), 'utf8') }));
}

/** @throws UsageError naming the modules there are, or that its code is not here */
export function moduleNamed(project: Project, name: string): ProjectModule {
  const names = project.modules.filter((module) => module.livesHere).map((module) => module.name);
  const found = project.modules.find((module) => module.name === name);
  if (found && !found.livesHere) fail(`${name} lives in another repository: make it there.`);
  if (found) return found;
  const known = names.length > 0 ? `expected one of ${names.join(', ')}` : 'make it with npm run new:module';
  return fail(`There is no module "${name}": ${known}.`);
}

/** @throws UsageError when the file is not there */
export function textOf(project: Project, path: string): string {
  const full = join(project.root, path);
  return existsSync(full) ? readFileSync(full, 'utf8') : fail(`There is no ${path}: it would be extended.`);
}
