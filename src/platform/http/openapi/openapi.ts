import { ModulesContainer, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { contextOptions } from '../../bounded-context.js';
import { projectInfo, tags } from './project.js';
import { failureResponses, failuresOf, HEADERS, headers } from './responses.js';
import type { RouteFacts } from './routes.js';
import { describeRoutes, FACTS } from './routes.js';
import type { Direction } from './json.js';
import { pascal } from './names.js';
import { MARK, SchemaBook } from './schemas.js';
import { Problem } from '../problems/problem.js';

/** The OpenAPI 3.1 document of every route, made from the schemas that validate. Call it when the routes are there. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const container = app.get(ModulesContainer);
  describeRoutes(container, app.get(Reflector));
  const book = bookOf(container);
  const raw = swaggerDocument(app, book);
  const operations = Object.values(raw.paths).flatMap((path) => Object.values(path as Record<string, Operation>));
  const modules = operations.map((operation) => operation[FACTS]!.module);
  const ids = new Set<string>();
  for (const operation of operations) finish(operation, book, ids);
  const problem = book.refer(book.convert(Problem, 'output')[MARK] as string, 'Problem').schema;
  const { document, schemas } = book.finish({ paths: raw.paths, problem, responses: failureResponses() });
  const { securitySchemes } = raw.components!;
  return {
    ...raw,
    info: projectInfo(),
    tags: tags(modules),
    servers: [{ url: '/', description: 'Where this document is' }],
    paths: document.paths,
    components: { schemas, responses: document.responses, headers: used(HEADERS, document), securitySchemes },
  } as OpenAPIObject;
}

/** With the names that modules have given to their schemas. */
function bookOf(container: ModulesContainer): SchemaBook {
  const book = new SchemaBook();
  book.name(Problem, 'Problem');
  for (const { metatype } of container.values()) {
    const { name: module = '', contracts = {} } = contextOptions(metatype) ?? {};
    for (const [name, value] of Object.entries(contracts))
      if (value instanceof z.ZodType) book.name(value, name, pascal(module) + name);
  }
  return book;
}

function swaggerDocument(app: NestFastifyApplication, book: SchemaBook): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addSecurityRequirements('bearer')
    .build();
  const standardSchemaConverter = (schema: unknown, { schemaType }: { schemaType: Direction }) =>
    schema instanceof z.ZodType ? { schema: book.convert(schema, schemaType) } : undefined;
  return SwaggerModule.createDocument(app, config, { standardSchemaConverter });
}

/** Without those that no route has. */
function used(all: Record<string, object>, document: object): Record<string, object> {
  const text = JSON.stringify(document);
  return Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`#/components/headers/${name}"`)));
}

interface Media {
  schema?: Record<string, unknown>;
  example?: unknown;
}

interface Body {
  description?: string;
  content?: Record<string, Media>;
  headers?: object;
}

interface Parameter {
  in: string;
  name: string;
  schema?: Record<string, unknown>;
  example?: unknown;
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: Body;
  responses: Record<string, Body>;
  security?: object[];
  [FACTS]?: RouteFacts;
}

/** Swagger may have found `Prefer` in the code as well, under the name it has there. */
function finish(operation: Operation, book: SchemaBook, ids: Set<string>): void {
  const route = operation[FACTS]!;
  delete operation[FACTS];
  operation.operationId = idOf(route, ids);
  const name = pascal(operation.operationId);
  const parameters = operation.parameters?.filter((parameter) => parameter.name !== 'prefer') ?? [];
  operation.parameters = parameters.map((each) => withSchema(each, book));
  if (operation.requestBody) referToSchemas(operation.requestBody, book, `${name}Request`);
  for (const [status, response] of Object.entries(operation.responses)) {
    response.description ||= STATUS_CODES[status] ?? status;
    referToSchemas(response, book, `${name}Response`);
    response.headers = headers(...(route.locates ? (['Location'] as const) : []));
  }
  operation.responses = { ...failuresOf(route), ...operation.responses };
  if (route.open) operation.security = route.operational ? [] : [{}, { bearer: [] }];
}

/** Swagger puts the example into the schema, where JSON Schema does not have it. */
function withSchema(parameter: Parameter, book: SchemaBook): Parameter {
  if (!parameter.schema) return parameter;
  const { example, ...schema } = book.parameter(parameter.schema);
  return { ...parameter, schema, ...(example !== undefined && { example }) };
}

/** Of two routes of the same name, the second is told apart by its module. */
function idOf({ id, module }: RouteFacts, ids: Set<string>): string {
  let unique = ids.has(id) ? module + pascal(id) : id;
  for (let n = 2; ids.has(unique); n++) unique = `${module}${pascal(id)}${n}`;
  ids.add(unique);
  return unique;
}

function referToSchemas({ content = {} }: Body, book: SchemaBook, name: string): void {
  for (const media of Object.values(content)) {
    const key = media.schema?.[MARK];
    if (typeof key === 'string') Object.assign(media, book.refer(key, name));
  }
}
