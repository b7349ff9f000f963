import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { BoundedContextOptions } from '../../platform/bounded-context.js';
import { contextOptions } from '../../platform/bounded-context.js';
import type { Schedule } from '../../platform/schedules/schedule.js';
import { scheduleOf } from '../../platform/schedules/schedule.js';
import { schedulesOf } from '../../platform/schedules/scheduled.js';
import { Manifest } from '../boundaries/modules/manifest.js';
import type { Consumer } from '../contracts/sources/consumers.js';
import { readConsumption } from '../contracts/sources/consumers.js';
import type { MessageContract } from '../contracts/describe.js';
import { snapshotOf } from '../contracts/describe.js';
import { Sources } from '../contracts/sources/sources.js';
import { sectionsOf } from '../saga-diagrams.js';
import type { Table } from './tables.js';
import { tablesOf } from './tables.js';
import type { Variable } from './variables.js';
import { variablesOf } from './variables.js';

/** A message of some module's contracts. */
export interface Message extends MessageContract {
  name: string;
  /** The module whose contracts it is in. */
  owner: string;
  /** The modules that use it, without its owner. */
  users: readonly string[];
}

/** A module that another one depends on. */
interface Dependency {
  module: string;
  reason: string;
  /** Whether it sends commands or queries there, and so cannot do without it. */
  asks: boolean;
}

export interface MappedModule {
  name: string;
  summary: string;
  owner: string;
  /** The repository that it lives in, where that is another one. */
  elsewhere?: string;
  dependencies: readonly Dependency[];
  /** Of its own contracts. */
  messages: readonly Message[];
  /** Of the contracts of others. */
  uses: readonly Message[];
  tables: readonly Table[];
  sagas: readonly { name: string; text: string }[];
  variables: readonly Variable[];
  schedules: readonly Schedule[];
}

/**
 * Reads what there is to know of the modules: from their manifests, contracts, imports, migrations, sagas and
 * configuration.
 *
 * @param root the project's folder
 */
export async function readAtlas(root: string, types: readonly Type[]): Promise<MappedModule[]> {
  const contexts = types.map((type) => contextOptions(type)!);
  const { consumers } = readConsumption(new Sources(root), contexts, []);
  const messages = contexts.flatMap((context) => messagesOf(context, consumers));
  const sagas = await sectionsOf(types);
  return await Promise.all(
    contexts.map(async (context) => ({
      ...readModule(root, context, messages),
      tables: await tablesOf(context.migrations ?? []),
      variables: variablesOf(context),
      schedules: schedulesIn(context),
      sagas: sagas
        .filter(({ saga }) => saga.startsWith(`${context.name}.`))
        .map(({ saga, text }) => ({ name: saga, text })),
    })),
  );
}

/** What the handlers among its providers say of themselves. */
function schedulesIn({ name, providers }: BoundedContextOptions): Schedule[] {
  const handlers = providers.filter((provider): provider is Type => typeof provider === 'function');
  return handlers.flatMap((type) => schedulesOf(type).map((options) => scheduleOf(name, type, options)));
}

function messagesOf(context: BoundedContextOptions, consumers: readonly Consumer[]): Message[] {
  return Object.entries(snapshotOf(context)).map(([name, contract]) => {
    const users = consumers.filter(({ message }) => message === name).map(({ module }) => module);
    return { ...contract, name, owner: context.name, users };
  });
}

function readModule(root: string, { name }: BoundedContextOptions, messages: readonly Message[]) {
  const path = join(root, 'modules', name, 'module.json');
  const { summary, owner, dependsOn, elsewhere } = Manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
  const uses = messages.filter(({ users }) => users.includes(name));
  const dependencies = Object.entries(dependsOn).map(([module, reason]) => {
    const asks = uses.some((message) => message.owner === module && message.kind !== 'event');
    return { module, reason, asks };
  });
  const own = messages.filter((each) => each.owner === name);
  return { name, summary, owner, ...(elsewhere && { elsewhere }), dependencies, messages: own, uses };
}
