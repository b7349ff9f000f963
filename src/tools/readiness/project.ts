import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { BoundedContextOptions } from '../../platform/bounded-context.js';
import { contextOptions, livesHere } from '../../platform/bounded-context.js';
import type { Saga } from '../../platform/sagas/saga.js';
import type { Consumer } from '../contracts/sources/consumers.js';
import { readConsumption } from '../contracts/sources/consumers.js';
import type { Snapshot } from '../contracts/describe.js';
import { snapshotOf } from '../contracts/describe.js';
import { Sources } from '../contracts/sources/sources.js';
import { sagasOf } from '../map/sagas.js';
import type { Table } from '../map/tables.js';
import { tablesOf } from '../map/tables.js';
import type { Variable } from '../map/variables.js';
import { variablesOf } from '../map/variables.js';
import type { Entry } from './ready/asks.js';
import { entriesOf } from './ready/asks.js';

/** What the code of a module says. */
export interface ModuleCode {
  module: string;
  summary: string;
  /** As its manifest says, also where it is not valid: that is for the gate of the boundaries to say. */
  owner: string | undefined;
  messages: Snapshot;
  entries: readonly Entry[];
  sagas: readonly Saga<unknown>[];
  /** Or why they cannot be read. */
  tables: readonly Table[] | string;
  variables: readonly Variable[];
}

/** What the code of all modules says, and the files around it. */
export interface Project {
  root: string;
  modules: readonly ModuleCode[];
  /** Who uses which message of another module. */
  consumers: readonly Consumer[];
}

/** Reads what the sources, contracts, migrations and sagas of the modules say. */
export async function readProject(root: string, types: readonly Type[]): Promise<Project> {
  const contexts = types.map((type) => contextOptions(type)!);
  const sources = new Sources(root);
  const { consumers } = readConsumption(sources, contexts, []);
  // One that lives elsewhere has left.
  const here = types.filter(livesHere).map((type) => contextOptions(type)!);
  const modules = await Promise.all(here.map((context) => readModule(root, context, sources, contexts)));
  return { root, modules, consumers };
}

async function readModule(
  root: string,
  context: BoundedContextOptions,
  sources: Sources,
  contexts: readonly BoundedContextOptions[],
): Promise<ModuleCode> {
  const { name } = context;
  const { summary = '', owner } = manifestOf(root, name);
  return {
    module: name,
    summary,
    owner,
    messages: snapshotOf(context),
    entries: entriesOf(name, sources, contexts),
    sagas: await sagasOf(context),
    tables: await tablesOf(context.migrations ?? []).catch((error: Error) => error.message),
    variables: variablesOf(context),
  };
}

function manifestOf(root: string, module: string): { summary?: string; owner?: string } {
  const text = textOf(root, `modules/${module}/module.json`) ?? '{}';
  try {
    return JSON.parse(text) as { summary?: string; owner?: string };
  } catch {
    return {};
  }
}

/** @returns `undefined` where there is no such file */
export function textOf(root: string, path: string): string | undefined {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}

/** The text files of a folder, by path; none where there is no such folder. */
export function textsIn(root: string, folder: string, ending: RegExp): Map<string, string> {
  if (!existsSync(join(root, folder))) return new Map();
  const names = readdirSync(join(root, folder)).filter((name) => ending.test(name));
  return new Map(names.map((name) => [`${folder}/${name}`, textOf(root, `${folder}/${name}`)!]));
}

/** The events of others that a module hears, by producer. */
export function heardBy({ consumers, modules }: Project, module: string): Map<string, string[]> {
  const heard = new Map<string, string[]>();
  for (const { message } of consumers.filter((each) => each.module === module)) {
    const producer = message.split('.')[0]!;
    const kind = modules.find((each) => each.module === producer)?.messages[message]?.kind;
    if (kind === 'event') heard.set(producer, [...(heard.get(producer) ?? []), message]);
  }
  return heard;
}
