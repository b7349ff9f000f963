import type { Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { z } from 'zod';
import type { BoundedContextOptions } from '../../platform/bounded-context.js';
import type { Access } from '../../platform/http/decorators.js';
import { ACCESS, answersOf, IDEMPOTENT } from '../../platform/http/decorators.js';
import type { Role } from '../../platform/http/auth/roles.js';
import { ROLES } from '../../platform/http/auth/roles.js';
import { examplesOf } from '../../platform/messaging/plain/examples.js';

/** A route of a module, as a client sees it. */
export interface ModuleRoute {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v1/billing/invoices/:invoiceId` */
  path: string;
  /** A body that its schema allows; `undefined` where it takes none. */
  body: unknown;
  /** Whether it needs an idempotency key. */
  keyed: boolean;
  /** Who may use it: everybody, or these. */
  roles: 'everybody' | readonly Role[];
  /** What it answers when all is well. */
  status: number;
  /** The fields of that answer. */
  fields: readonly string[];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The routes that the controllers of a module declare, in their order. */
export function routesOf({ controllers = [] }: Pick<BoundedContextOptions, 'controllers'>): ModuleRoute[] {
  return controllers.flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype)
      .filter((name) => name !== 'constructor')
      .flatMap((name) => routeOf(controller, name)),
  );
}

function routeOf(controller: Type, name: string): ModuleRoute[] {
  const handler = (controller.prototype as Record<string, object>)[name]!;
  const kind = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const method = METHODS.find((each) => each === kind);
  if (!method) return [];
  const access = (Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller) ?? ROLES) as Access;
  const [answer] = answersOf(handler);
  const code = Reflect.getMetadata('__httpCode__', handler) as number | undefined;
  const shape = (answer?.schema as { shape?: object } | undefined)?.shape ?? {};
  return [
    {
      method,
      path: pathOf(controller, handler),
      body: bodyOf(controller, name),
      keyed: Reflect.getMetadata(IDEMPOTENT, handler) === true,
      roles: typeof access === 'string' ? 'everybody' : access,
      status: answer?.status ?? code ?? (method === 'POST' ? 201 : 200),
      fields: Object.keys(shape),
    },
  ];
}

function pathOf(controller: Type, handler: object): string {
  const parts = [controller, handler].map((each) => [Reflect.getMetadata(PATH_METADATA, each) as string].flat()[0]!);
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}

function bodyOf(controller: Type, name: string): unknown {
  const given = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { schema?: z.ZodType }
  >;
  const body = Object.entries(given).find(([key]) => Number(key.split(':')[0]) === RouteParamtypes.BODY);
  const schema = body?.[1].schema;
  return schema && examplesOf(schema)[0];
}
