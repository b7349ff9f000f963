import type { Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import {
  ApplicationConfig,
  HttpAdapterHost,
  LazyModuleLoader,
  ModulesContainer,
  NestFactory,
  SerializedGraph,
} from '@nestjs/core';
import { contextOptions } from '../../bounded-context.js';
import { Database } from '../../transaction/database.js';
import { PlatformModule } from '../../runtime/platform.module.js';
import type { OwnedController } from '../route-leaks.js';
import { routeLeaks } from '../route-leaks.js';
import { disconnectedRuntime } from '../wiring.js';

type NestModule = NonNullable<ReturnType<ModulesContainer['get']>>;
type Wrapper = NestModule['providers'] extends Map<unknown, infer W> ? W : never;

/** The modules of the application, each with the bounded context it belongs to: the contexts, and what they import. */
type Owners = ReadonlyMap<NestModule, ReadonlySet<string>>;

/**
 * What modules give each other through the container: there has to be nothing, since the other side may be remote one
 * day. Builds the container in preview mode: no provider is created, no database is needed.
 *
 * @param modules every module of the application
 * @returns a line for each leak: who, what, and what to do instead
 */
export async function containerLeaks(modules: readonly Type[]): Promise<string[]> {
  const strangers = modules.filter((module) => !contextOptions(module));
  if (strangers.length > 0) return strangers.map(({ name }) => `${name} is no bounded context: use @BoundedContext.`);
  @Module({ imports: [PlatformModule.forRuntime(disconnectedRuntime(modules)), ...modules] })
  class Root {}
  let app;
  try {
    app = await NestFactory.createApplicationContext(Root, { preview: true, logger: false, abortOnError: false });
  } catch (error) {
    return [`Nest cannot build the container: ${(error as Error).message.trim()}`];
  }
  const { container } = app as unknown as { container: { getModules(): ModulesContainer } };
  const all = [...container.getModules().values()];
  const owners = ownersOf(all);
  const each = [...owners.keys()].flatMap((module) => leaksOf(module, owners));
  return [...globalLeaks(all), ...new Set(each), ...sharedClasses(owners), ...routeLeaks(controllersOf(owners))];
}

/** Nest adds a global module to everybody's imports: only the platform may be one. */
function globalLeaks(all: readonly NestModule[]): string[] {
  const globals = all.filter(
    (module) => module.isGlobal && !['PlatformModule', 'InternalCoreModule'].includes(module.name),
  );
  return globals.map(
    (module) => `${nameOf(module)} is @Global: every module could inject what it has. Remove the decorator.`,
  );
}

function ownersOf(all: readonly NestModule[]): Owners {
  const owners = new Map<NestModule, Set<string>>();
  for (const context of all.filter((module) => contextOptions(module.metatype)))
    for (const module of reachable(context))
      owners.set(module, (owners.get(module) ?? new Set()).add(contextOptions(context.metatype)!.name));
  return owners;
}

/** A context and the Nest modules it imports. */
function reachable(from: NestModule, seen = new Set([from])): Set<NestModule> {
  for (const module of from.imports) {
    if (seen.has(module) || module.isGlobal || contextOptions(module.metatype)) continue;
    reachable(module, seen.add(module));
  }
  return seen;
}

function leaksOf(module: NestModule, owners: Owners): string[] {
  const who = nameOf(module);
  const users = [...owners.get(module)!];
  const leaks = [
    ...importLeaks(module, who),
    ...tokenLeaks(module, who),
    ...injectionLeaks(module, who, owners),
    ...applicationLeaks(module, who),
  ];
  if (contextOptions(module.metatype)) leaks.push(...exportLeaks(module, who));
  else if (users.length > 1) {
    const shared = `${who} is imported by ${users.join(' and ')}: what it provides is shared between them.`;
    leaks.push(`${shared} Give each of them its own, or move what is general into the platform.`);
  }
  if ('configure' in (module.metatype.prototype as object))
    leaks.push(
      `${who} applies middleware, which can run for others' routes. Use a guard or interceptor of its controllers.`,
    );
  return leaks;
}

function exportLeaks(module: NestModule, who: string): string[] {
  return [...module.exports].map(
    (token) => `${who} exports ${tokenName(token)}: others have to ask by a query or command of its contracts.`,
  );
}

function importLeaks(module: NestModule, who: string): string[] {
  const contexts = [...module.imports].filter((other) => contextOptions(other.metatype) && !other.isGlobal);
  return contexts.map(
    (other) => `${who} imports the module ${nameOf(other)}: send it a query or command of its contracts instead.`,
  );
}

const ENHANCER = /^(APP_(?:GUARD|PIPE|FILTER|INTERCEPTOR)) \(UUID/;

function tokenLeaks(module: NestModule, who: string): string[] {
  const tokens = [...module.providers.keys()].filter((token) => typeof token !== 'function');
  return tokens.map((token) => {
    const enhancer = ENHANCER.exec(String(token))?.[1];
    if (enhancer)
      return `${who} provides ${enhancer}, which acts on every module's routes. Put it on its own controllers.`;
    return `${who} provides ${tokenName(token)}, a token that any module can write down. Use a class as the token.`;
  });
}

/** What the container found for each constructor parameter and property: it knows the module that provides it. */
function injectionLeaks(module: NestModule, who: string, owners: Owners): string[] {
  const own = owners.get(module)!;
  return wrappersOf(module).flatMap((wrapper) =>
    dependenciesOf(wrapper)
      .filter(({ host }) => host && owners.has(host) && ![...owners.get(host)!].some((name) => own.has(name)))
      .map(
        ({ host, token }) =>
          `${wrapper.name} of ${who} injects ${tokenName(token)} of ${nameOf(host!)}: ask by a query or command instead.`,
      ),
  );
}

/** What Nest offers to every module, and what changes or reads the whole application. */
const OF_APPLICATION: readonly unknown[] = [
  ApplicationConfig,
  HttpAdapterHost,
  LazyModuleLoader,
  ModulesContainer,
  SerializedGraph,
];

function applicationLeaks(module: NestModule, who: string): string[] {
  return wrappersOf(module).flatMap((wrapper) =>
    dependenciesOf(wrapper)
      .filter(({ token }) => OF_APPLICATION.includes(token))
      .map(({ token }) => {
        const leak = `${wrapper.name} of ${who} injects ${tokenName(token)}, through which it could change every module's routes.`;
        return `${leak} Put guards, pipes, interceptors and filters on its own controllers.`;
      }),
  );
}

function wrappersOf(module: NestModule): Wrapper[] {
  return [module.providers, module.controllers, module.injectables].flatMap((kind) => [...kind.values()]);
}

function dependenciesOf(wrapper: Wrapper): Wrapper[] {
  const properties = (wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper);
  return [...(wrapper.getCtorMetadata() ?? []), ...properties].filter((dependency) => dependency !== undefined);
}

function controllersOf(owners: Owners): OwnedController[] {
  return [...owners].flatMap(([module, names]) =>
    [...module.controllers.values()].map(({ metatype }) => ({ type: metatype as Type, owner: [...names][0]! })),
  );
}

/** A class that two modules list as their own is code of one of them in the other. */
function sharedClasses(owners: Owners): string[] {
  const users = new Map<unknown, Set<string>>();
  for (const [module, [name, ...more]] of owners)
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()] as Wrapper[])
      if (more.length === 0 && isOwnClass(wrapper)) add(users, wrapper.metatype, name!);
  return [...users]
    .filter(([, names]) => names.size > 1)
    .map(([type, names]) => {
      const shared = `${tokenName(type)} is a provider of ${[...names].join(' and of ')}: a class belongs to one module.`;
      return `${shared} Let the others ask by a query or command of its contracts.`;
    });
}

/** Nest puts some of its own classes into each module. */
function isOwnClass({ metatype, inject, token }: Wrapper): boolean {
  const ofNest = typeof token === 'function' && ['ModuleRef', 'ApplicationConfig'].includes(token.name);
  return typeof metatype === 'function' && !inject && token !== Database && !ofNest;
}

function add(users: Map<unknown, Set<string>>, type: unknown, name: string): void {
  users.set(type, (users.get(type) ?? new Set()).add(name));
}

const nameOf = (module: NestModule) => contextOptions(module.metatype)?.name ?? module.metatype.name;

function tokenName(token: unknown): string {
  if (typeof token === 'function') return token.name;
  return typeof token === 'string' ? `"${token}"` : String(token);
}
