import type { ModuleMetadata } from '@nestjs/common';
import { Logger, Module, SetMetadata } from '@nestjs/common';
import 'reflect-metadata';
import type { MigrationInterface } from 'typeorm';
import type { ConfigClass } from './configuration.js';
import { Host } from './host-handle.js';
import type { Outcome } from './observability/outcomes.js';
import { Database } from './persistence/database.js';

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
  outcomes?: readonly Outcome[];
  /** Lines to print at start in development: something to try, ready to paste. */
  tryIt?: TryIt;
  /** Fills the example data of a fresh database in development; resolved from this module, `seed()` is awaited. */
  seed?: new (...args: never[]) => Seed;
}

/**
 * @param url where the application answers
 * @param token a shell expression that prints a development token
 */
export type TryIt = (url: string, token: (sub: string, role: string) => string) => string[];

/** Example data, written through the module's own commands. Must be harmless when run again. */
export interface Seed {
  seed(): Promise<void>;
}

/**
 * Marks a Nest module as a bounded context. Inside it, `Database` is its own database, and Nest's `Logger` writes in its
 * name.
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

/** The options of a module class; `undefined` when it is no bounded context. */
export function contextOptions(type: unknown): BoundedContextOptions | undefined {
  return typeof type === 'function' ? (Reflect.getMetadata(CONTEXT, type) as BoundedContextOptions) : undefined;
}
