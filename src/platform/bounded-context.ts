import type { ModuleMetadata } from '@nestjs/common';
import { Logger, Module, SetMetadata } from '@nestjs/common';
import 'reflect-metadata';
import type { MigrationInterface } from 'typeorm';
import type { ConfigClass } from './configuration.js';
import { Host } from './runtime/host-handle.js';
import type { BusinessCounter } from './observability/outcomes.js';
import { Database } from './transaction/database.js';

const CONTEXT = 'liftout:context';

/** What a bounded context is made of. Everything else the platform finds out by itself. */
export interface BoundedContextOptions {
  /** The folder's name: the module's schema, and the first part of the names of its messages. */
  name: string;
  /** `import * as contracts from './contracts/index.js'` */
  contracts: Readonly<Record<string, unknown>>;
  /** Command, query and event handlers, sagas, and what they need. */
  providers: NonNullable<ModuleMetadata['providers']>;
  controllers?: NonNullable<ModuleMetadata['controllers']>;
  /** TypeORM entities of this module's schema. */
  entities?: (new () => object)[];
  /** This module's schema changes, oldest first; each class name ends with its time in milliseconds. */
  migrations?: (new () => MigrationInterface)[];
  /** The environment variables it needs: a class made with `defineConfig`, injectable in this module. */
  config?: ConfigClass;
  /** Numbers that mean something to the business: `outcome('letters_sent', LetterSent)`. */
  outcomes?: readonly BusinessCounter[];
  /** Lines to print at start in development: something to try, ready to paste. */
  tryIt?: TryIt;
  /** Fills the example data of a fresh database in development; resolved from this module, `seed()` is awaited. */
  seed?: new (...args: never[]) => Seed;
}

/** A module of which only the contracts are in this repository. */
export type ElsewhereOptions = Pick<BoundedContextOptions, 'name' | 'contracts'> & {
  /** The paths of its controllers, without the first slash: they stay reachable at the front door. */
  routes: readonly string[];
};

/** What is known of a module, wherever its code lives. */
export interface Context extends BoundedContextOptions {
  /** Only where its code lives in another repository. */
  readonly elsewhere?: Pick<ElsewhereOptions, 'routes'>;
}

/**
 * @param url where the application answers
 * @param token a shell expression that prints a development token
 */
export type TryIt = (url: string, token: (sub: string, role: string) => string) => string[];

/**
 * Example data, written through the module's own commands. Must be harmless when run again.
 *
 * @example
 * export class LettersSeed implements Seed {
 *   constructor(private readonly commands: CommandBus) {}
 *   async seed() {
 *     await this.commands.execute(new SendLetter({ letterId: 'first', to: 'alice' }));
 *   }
 * }
 */
export interface Seed {
  seed(): Promise<void>;
}

/**
 * Marks a Nest module as a bounded context. Inside it, `Database` is its own database, and Nest's `Logger` writes in its
 * name.
 *
 * @example
 * @BoundedContext({ name: 'letters', contracts, migrations: [Letters1790000000000], controllers: [LettersController], providers: [SendLetterHandler] })
 * export class LettersModule {}
 */
export function BoundedContext(options: BoundedContextOptions): ClassDecorator {
  const own = [
    { provide: Logger, useFactory: () => new Logger(options.name) },
    { provide: Database, inject: [Host], useFactory: (host: Host) => host.database(options.name) },
    ...(options.config
      ? [{ provide: options.config, inject: [Host], useFactory: (host: Host) => host.config(options.config!) }]
      : []),
    ...(options.seed ? [options.seed] : []),
  ];
  return (target) => {
    Module({ providers: [...own, ...options.providers], controllers: options.controllers ?? [] })(target);
    SetMetadata(CONTEXT, options)(target);
  };
}

/**
 * Marks a class that stands for a module of another repository: its contracts are here, and it is always remote.
 *
 * @example @LivesElsewhere({ name: 'letters', contracts, routes: ['v1/letters'] })
 */
export function LivesElsewhere({ name, contracts, routes }: ElsewhereOptions): ClassDecorator {
  const context: Context = { name, contracts, providers: [], elsewhere: { routes } };
  return SetMetadata(CONTEXT, context);
}

/** The options of a module class; `undefined` when it is no bounded context. */
export function contextOptions(type: unknown): Context | undefined {
  return typeof type === 'function' ? (Reflect.getMetadata(CONTEXT, type) as Context) : undefined;
}

/** The paths below which a module answers, without the first slash. Nest keeps those of controllers under this name. */
export function pathsOf({
  controllers = [],
  elsewhere,
}: Pick<Context, 'controllers' | 'elsewhere'>): readonly string[] {
  return (
    elsewhere?.routes ?? controllers.flatMap((type) => Reflect.getMetadata('path', type) as string | readonly string[])
  );
}

/** Whether the code of a module is in this repository. */
export const livesHere = (type: unknown) => contextOptions(type)?.elsewhere === undefined;
