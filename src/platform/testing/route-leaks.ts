import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { beginsWith, platformPrefix } from '../http/route-prefixes.js';

/** A controller, and the module it answers for. */
export interface OwnedController {
  readonly type: Type;
  readonly owner: string;
}

/**
 * Controllers that answer below a path of another module, or of the platform. Unlike the boundary gate it sees computed
 * paths as well.
 *
 * @returns a line for each path: who, what, and what to do instead
 */
export function routeLeaks(controllers: readonly OwnedController[]): string[] {
  return [...new Set(controllers.flatMap((controller) => leaksOf(controller, controllers)))];
}

function leaksOf({ type, owner }: OwnedController, all: readonly OwnedController[]): string[] {
  const others = all.filter((other) => other.owner !== owner);
  return routesOf(type).flatMap((path) => {
    const what = `${type.name} of ${owner} answers below`;
    const prefix = platformPrefix(path);
    if (prefix) return [`${what} /${prefix}, which belongs to the platform: give /${path} another path.`];
    const other = others.find((each) => prefixesOf(each.type).some((its) => beginsWith(path, its)));
    return other ? [`${what} a path of ${other.owner}: give /${path} another path.`] : [];
  });
}

/** The paths that a controller stands for; one without a path stands for those of its methods. */
function prefixesOf(type: Type): string[] {
  const own = pathsOf(type);
  return own.includes('') ? routesOf(type) : own;
}

/** Its own paths, and those of its methods below them. */
function routesOf(type: Type): string[] {
  const prototype = type.prototype as Record<string, unknown>;
  const methods = Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .flatMap((name) => pathsOf(Object.getOwnPropertyDescriptor(prototype, name)?.value));
  return pathsOf(type).flatMap((path) => [path, ...methods.map((method) => plain(`${path}/${method}`))]);
}

function pathsOf(target: unknown): string[] {
  const paths: unknown = typeof target === 'function' ? Reflect.getMetadata('path', target) : undefined;
  return paths === undefined ? [] : [paths as string | string[]].flat().map(plain);
}

function plain(path: string): string {
  return path.split('/').filter(Boolean).join('/');
}
