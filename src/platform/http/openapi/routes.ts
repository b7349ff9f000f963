import type { Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import {
  ApiExcludeController,
  ApiExtension,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { contextOptions } from '../../bounded-context.js';
import type { Access } from '../decorators.js';
import { ACCESS, answersOf, IDEMPOTENT, operationOf, UNDOCUMENTED } from '../decorators.js';
import { idOf, spoken, whoMay } from './names.js';

/** What is known of a route besides what Swagger finds out. */
export interface RouteFacts {
  /** What clients call it. */
  id: string;
  module: string;
  /** Without one, everybody with a token. */
  access: Access | undefined;
  /** Nobody needs a token. */
  open: boolean;
  /** No token is looked at, and nobody is counted. */
  operational: boolean;
  /** It changes something. */
  changes: boolean;
  /** It names what it has made. */
  locates: boolean;
  takes: { body: boolean; query: boolean; path: boolean };
}

/** Where {@link RouteFacts} are, in an operation that is not finished. */
export const FACTS = 'x-route';
export const PLATFORM = 'platform';

const KEY_HEADER = {
  name: 'Idempotency-Key',
  required: true,
  description: 'A repetition with the same key and body has no second effect. Belongs to the user and the route.',
  schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x20-\\x7e]+$' },
  example: '11111111-1111-4111-8111-111111111111',
} as const;

const PREFER_HEADER = {
  name: 'Prefer',
  required: false,
  description: '`wait=N`: answer as soon as the state is final, or after N seconds, at most 30.',
  schema: { type: 'string', pattern: 'wait=\\d+' },
  example: 'wait=10',
} as const;

const described = new WeakSet<object>();

/** Tells Swagger what our decorators say; here and not in them, so that production never loads it. */
export function describeRoutes(container: ModulesContainer, reflector: Reflector): void {
  for (const module of container.values()) {
    const name = contextOptions(module.metatype)?.name ?? PLATFORM;
    for (const { metatype } of module.controllers.values())
      if (metatype) describeController(metatype as Type, name, reflector);
  }
}

function describeController(controller: Type, module: string, reflector: Reflector): void {
  if (described.has(controller)) return;
  described.add(controller);
  ApiTags(module)(controller);
  if (reflector.get<boolean | undefined>(UNDOCUMENTED, controller)) ApiExcludeController()(controller);
  const prototype = controller.prototype as object;
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const descriptor = methodOf(prototype, name);
    const route = descriptor.value as () => unknown;
    if (!Reflect.hasMetadata(METHOD_METADATA, route)) continue;
    const facts = factsOf(controller, name, route, module, reflector);
    for (const decorate of decoratorsOf(route, facts, parametersOf(controller, name), reflector))
      decorate(prototype, name, descriptor);
  }
}

function decoratorsOf(
  route: () => unknown,
  facts: RouteFacts,
  parameters: readonly Parameter[],
  reflector: Reflector,
): MethodDecorator[] {
  const { summary = spoken(facts.id), description: said } = operationOf(route);
  const description = [said, whoMay(facts.access)].filter(Boolean).join('\n\n');
  return [
    ...answersOf(route).map(({ status, schema, description: of }) =>
      ApiResponse({ status, description: of, standardSchema: schema }),
    ),
    ...(reflector.get<boolean | undefined>(IDEMPOTENT, route) ? [ApiHeader(KEY_HEADER)] : []),
    ...(parameters.some(({ data }) => data === 'prefer') ? [ApiHeader(PREFER_HEADER)] : []),
    ...(facts.open ? [ApiSecurity({})] : []),
    ApiOperation({ summary, description }),
    ApiExtension(FACTS, facts),
  ];
}

function factsOf(
  controller: Type,
  name: string,
  route: () => unknown,
  module: string,
  reflector: Reflector,
): RouteFacts {
  const access = reflector.getAllAndOverride<Access | undefined>(ACCESS, [route, controller]);
  const types = new Set(parametersOf(controller, name).map(({ type }) => type));
  const method = Reflect.getMetadata(METHOD_METADATA, route) as RequestMethod;
  const { BODY, QUERY, PARAM, RESPONSE } = RouteParamtypes;
  return {
    id: operationOf(route).id ?? idOf(controller, name),
    module,
    access,
    open: access === 'public' || access === 'operational',
    operational: access === 'operational',
    changes: method !== RequestMethod.GET && method !== RequestMethod.HEAD,
    locates: method === RequestMethod.POST && types.has(RESPONSE),
    takes: { body: types.has(BODY), query: types.has(QUERY), path: types.has(PARAM) },
  };
}

interface Parameter {
  type: RouteParamtypes;
  data?: unknown;
}

function parametersOf(controller: Type, name: string): Parameter[] {
  const found = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, Parameter>;
  return Object.entries(found).map(([key, { data }]) => ({ type: Number(key.split(':')[0]), data }));
}

function methodOf(prototype: object, name: string): PropertyDescriptor {
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor) return descriptor;
  }
  throw new Error(`${name} is no method.`);
}
