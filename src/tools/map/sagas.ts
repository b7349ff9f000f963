import type { Provider, Type } from '@nestjs/common';
import { Global, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { BoundedContextOptions } from '../../platform/bounded-context.js';
import { specsEnv } from '../../platform/configuration.js';
import { Database } from '../../platform/transaction/database.js';
import { PlatformModule } from '../../platform/runtime/platform.module.js';
import { Saga } from '../../platform/sagas/saga.js';
import { disconnectedRuntime } from '../../platform/testing/wiring.js';
import { inFileOf } from './file-of.js';
import { variablesOf } from './variables.js';

/** What has to be known of a module to make its sagas. */
type SagaContext = Pick<BoundedContextOptions, 'name' | 'config'> & Partial<Pick<BoundedContextOptions, 'providers'>>;

const NO_DATABASE = Object.freeze({});

/** What Nest's decorators leave on a class: what its constructor and its properties are given. */
const GIVEN = {
  types: 'design:paramtypes',
  tokens: 'self:paramtypes',
  properties: 'self:properties_metadata',
} as const;

/**
 * The sagas of a module, without a database: Nest makes them, and of the other providers those that they need. Variables
 * have the values that they have in specs.
 *
 * @throws Error that names the file of a saga that cannot be made, and why, or as {@link variablesOf}
 */
export async function sagasOf(context: SagaContext): Promise<Saga<unknown>[]> {
  const types = (context.providers ?? []).filter(
    (each): each is Type<Saga<unknown>> => typeof each === 'function' && each.prototype instanceof Saga,
  );
  const sagas = [];
  variablesOf(context);
  for (const type of types) sagas.push(await make(type, context));
  return sagas;
}

async function make(type: Type<Saga<unknown>>, context: SagaContext): Promise<Saga<unknown>> {
  return await inFileOf(context.name, type, 'cannot be made', async () =>
    givenTo(type).length === 0 ? new type() : await injected(type, context),
  );
}

async function injected<T>(type: Type<T>, { config, name, providers = [] }: SagaContext): Promise<T> {
  const runtime = disconnectedRuntime([], specsEnv([config]));
  const own: Provider[] = [
    { provide: Logger, useValue: new Logger(name) },
    { provide: Database, useValue: NO_DATABASE },
    ...(config ? [{ provide: config, useFactory: () => runtime.config(config) }] : []),
  ];
  @Global()
  @Module({ imports: [PlatformModule.forRuntime(runtime)], providers: [...own, ...neededBy(type, providers)] })
  class Stage {}
  const app = await NestFactory.createApplicationContext(Stage, { logger: false, abortOnError: false });
  const made = app.get(type);
  await app.close();
  return made;
}

/** The providers of a module that one of them cannot do without, itself included. */
function neededBy(type: unknown, providers: readonly Provider[], found = new Set<Provider>()): readonly Provider[] {
  for (const provider of providers.filter((each) => tokenOf(each) === type && !found.has(each))) {
    found.add(provider);
    for (const token of tokensOf(provider)) neededBy(token, providers, found);
  }
  return [...found];
}

const tokenOf = (provider: Provider): unknown => (typeof provider === 'function' ? provider : provider.provide);

function tokensOf(provider: Provider): unknown[] {
  if (typeof provider === 'function') return givenTo(provider);
  if ('useClass' in provider) return givenTo(provider.useClass);
  if ('useExisting' in provider) return [provider.useExisting];
  const inject = 'inject' in provider ? (provider.inject ?? []) : [];
  return inject.map((each) => (typeof each === 'object' && 'token' in each ? each.token : each));
}

/** The tokens of what a class is given. */
function givenTo(type: Type): unknown[] {
  const types = (Reflect.getMetadata(GIVEN.types, type) ?? []) as unknown[];
  const tokens = (Reflect.getMetadata(GIVEN.tokens, type) ?? []) as { index: number; param: unknown }[];
  const properties = (Reflect.getMetadata(GIVEN.properties, type) ?? []) as { type: unknown }[];
  const named = new Map(tokens.map(({ index, param }) => [index, param]));
  return [...types.map((each, index) => named.get(index) ?? each), ...properties.map((each) => each.type)];
}
