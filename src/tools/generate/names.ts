import * as common from '@nestjs/common';
import * as cqrs from '@nestjs/cqrs';
import * as typeorm from 'typeorm';
import * as http from '../../platform/http/index.js';
import * as platform from '../../platform/index.js';
import { RESERVED } from './reserved.js';
import { fail } from '../lib/cli.js';
import type { ProjectModule } from './project.js';
import { NAME_LETTERS } from './room.js';

const SHAPE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** Names whose `<MODULE>_URL` or schema would be somebody else's, or that read like a part of the project. */
const TAKEN = new Map(
  Object.entries({
    'a variable of the shell': [
      'auth',
      'auth-jwks',
      'data',
      'database',
      'database-admin',
      'kafka',
      'nats',
      'otel',
      'seam',
    ],
    'a schema of PostgreSQL': ['public', 'information-schema', 'pg-catalog', 'pg-toast'],
    'a part of the project': ['app', 'contracts', 'dist', 'docs', 'health', 'host', 'main', 'metrics', 'module'],
    'the name of something else here': ['modules', 'node-modules', 'ops', 'platform', 'src', 'system', 'test', 'tools'],
  }).flatMap(([what, names]) => names.map((name) => [name, what] as const)),
);

/**
 * @param what what is named, as in "The module"
 * @param bound how many letters it may have, and why, where that is less than for all names
 * @throws UsageError when the name is no name
 */
export function checkShape(
  what: string,
  name: string | undefined,
  example: string,
  bound: { letters: number; why: string } = { letters: NAME_LETTERS, why: '' },
): string {
  if (name === undefined) return fail(`${what} has to be named, as in "${example}". See --help.`);
  if (!SHAPE.test(name))
    fail(`${what} has to be lower-case words joined by "-", as in "${example}", not "${name}". See --help.`);
  const why = bound.letters < NAME_LETTERS ? ` (${bound.why})` : '';
  if (name.length > bound.letters)
    fail(`${what} has to have ${bound.letters} letters at most${why}; "${name}" has ${name.length}.`);
  return name;
}

/** @throws UsageError when a new module cannot be called so */
export function checkModuleName(name: string, modules: readonly ProjectModule[]): void {
  if (modules.some((module) => module.name === name)) fail(`There is a module "${name}" already.`);
  const taken = name.startsWith('pg-') ? 'a schema of PostgreSQL' : TAKEN.get(name);
  if (taken) fail(`"${name}" is ${taken}: choose another name.`);
  if (RESERVED.has(name)) fail(`"${name}" is a reserved word: choose another name.`);
  const alike = modules.find((module) => module.name.startsWith(name) || name.startsWith(module.name));
  if (alike) {
    const [short, long] = [name, alike.name].sort((a, b) => a.length - b.length);
    fail(
      `"${name}" and "${alike.name}" are too easily mistaken: "${long}" begins with "${short}". Choose another name.`,
    );
  }
  const path = `v1/${name}`;
  const owner = modules.find(({ routes }) => routes.some((route) => route === path || route.startsWith(`${path}/`)));
  if (owner) fail(`The routes under /${path} belong to ${owner.name}: choose another name.`);
}

/** A verb and what it is done to, as in `issue-invoice`. @throws UsageError when it is not both */
export function checkAction(what: string, name: string | undefined, example: string): { verb: string; noun: string } {
  const [, verb, noun] = /^([a-z]+)-(.+)$/.exec(checkShape(what, name, example)) ?? [];
  return verb && noun
    ? { verb, noun }
    : fail(`${what} has to be a verb and what it is done to, as in "${example}", not "${name}".`);
}

/** What would be a table of its own. @throws UsageError when the platform has one of that name */
export function checkThing(noun: string, table: string, platformTables: readonly string[]): void {
  if (RESERVED.has(table)) fail(`"${table}" is a reserved word: choose another word than "${noun}".`);
  const [found] = platformTables.filter((name) => name === table || name === noun.replaceAll('-', '_'));
  if (found) fail(`"${found}" is a table of the platform: choose another word than "${noun}".`);
}

/** Types that generated files import; what is a class is found where it comes from. */
const TYPES = [
  'Decision',
  'Reply',
  'Seed',
  'Role',
  'ICommandHandler',
  'IQueryHandler',
  'IEventHandler',
  'FastifyReply',
];

/** The classes and functions of Nest and the platform, any of which a generated file may import. */
const LIBRARIES: readonly object[] = [common, cqrs, platform, http];

/** @throws UsageError when an entity cannot be called so */
export function checkEntityName(name: string, type: string): void {
  checkClassName(name, type);
  if (type in typeorm) fail(`There is something called ${type} already: choose another name than "${name}".`);
}

/** @throws UsageError when a class cannot be called so */
export function checkClassName(name: string, type: string): void {
  const there = type in globalThis || TYPES.includes(type) || LIBRARIES.some((library) => type in library);
  if (there) fail(`There is something called ${type} already: choose another name than "${name}".`);
}
