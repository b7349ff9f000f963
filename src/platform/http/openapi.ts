import type { Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import {
  ApiExcludeController,
  ApiHeader,
  ApiResponse,
  ApiSecurity,
  ApiTags,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import { z } from 'zod';
import { contextOptions } from '../bounded-context.js';
import type { Access } from './decorators.js';
import { ACCESS, answersOf, IDEMPOTENT, UNDOCUMENTED } from './decorators.js';
import { Problem } from './problem.js';

const KEY_HEADER = {
  name: 'Idempotency-Key',
  required: true,
  description: 'A repetition with the same key and body has no second effect. Belongs to the user and the route.',
  schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x20-\\x7e]+$' },
} as const;

const PREFER_HEADER = {
  name: 'Prefer',
  required: false,
  description: '`wait=N`: answer as soon as the state is final, or after N seconds, at most 30.',
  schema: { type: 'string', pattern: 'wait=\\d+' },
} as const;

const PROBLEM = {
  description: 'Any failure',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** The OpenAPI 3.1 document of every route, made from the schemas that validate. Call it when the routes are there. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  describeRoutes(app.get(ModulesContainer), app.get(Reflector));
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('API')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, config, { standardSchemaConverter: converted });
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      Problem: converted(Problem, { schemaType: 'output' })!.schema as never,
    },
  };
  for (const path of Object.values(document.paths))
    for (const operation of Object.values(path as object)) finish(operation as Operation);
  return document;
}

interface Operation {
  parameters?: { in: string; name: string }[];
  responses: Record<string, unknown>;
}

/** Failures look the same everywhere. Swagger may have found `Prefer` in the code as well, under the name it has there. */
function finish(operation: Operation): void {
  operation.responses.default = PROBLEM;
  operation.parameters = operation.parameters?.filter(({ name }) => name !== 'prefer') ?? [];
}

/** JSON Schema as OpenAPI 3.1 has it. An answer may get more fields one day, unless its schema is strict. */
function converted(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $schema: _,
    $defs: components,
    ...rest
  } = z.toJSONSchema(schema, {
    io: schemaType,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties;
    },
  });
  return { schema: rest, ...(components && { components }) };
}

const described = new WeakSet<object>();

/** Tells Swagger what our decorators say; here and not in them, so that production never loads it. */
function describeRoutes(container: ModulesContainer, reflector: Reflector): void {
  for (const module of container.values()) {
    const tag = contextOptions(module.metatype)?.name ?? 'platform';
    for (const { metatype } of module.controllers.values())
      if (metatype) describeController(metatype as Type, tag, reflector);
  }
}

function describeController(controller: Type, tag: string, reflector: Reflector): void {
  if (described.has(controller)) return;
  described.add(controller);
  ApiTags(tag)(controller);
  if (reflector.get<boolean | undefined>(UNDOCUMENTED, controller)) ApiExcludeController()(controller);
  for (const name of new MetadataScanner().getAllMethodNames(controller.prototype as object)) {
    const descriptor = methodOf(controller.prototype as object, name);
    const decorators = decoratorsOf(descriptor.value as () => unknown, controller, reflector);
    if (usesPrefer(controller, name)) decorators.push(ApiHeader(PREFER_HEADER));
    for (const decorate of decorators) decorate(controller.prototype as object, name, descriptor);
  }
}

function decoratorsOf(route: () => unknown, controller: Type, reflector: Reflector): MethodDecorator[] {
  const access = reflector.getAllAndOverride<Access | undefined>(ACCESS, [route, controller]);
  const open = access === 'public' || access === 'operational';
  return [
    ...answersOf(route).map(({ status, schema, description }) =>
      ApiResponse({ status, description, standardSchema: schema }),
    ),
    ...(reflector.get<boolean | undefined>(IDEMPOTENT, route) ? [ApiHeader(KEY_HEADER)] : []),
    ...(open ? [ApiSecurity({})] : []),
  ];
}

function usesPrefer(controller: Type, name: string): boolean {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { data?: unknown }
  >;
  return Object.values(parameters).some(({ data }) => data === 'prefer');
}

function methodOf(prototype: object, name: string): PropertyDescriptor {
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor) return descriptor;
  }
  throw new Error(`${name} is no method.`);
}
