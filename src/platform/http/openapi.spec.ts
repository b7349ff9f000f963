import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Listener } from './fixtures/things.js';
import { listen } from './fixtures/things.js';
import { openApiDocument } from './openapi.js';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  responses: Record<string, { description: string }>;
}

const ROUTES = [
  'GET /health/live',
  'GET /health/ready',
  'GET /v1/closed/open',
  'GET /v1/closed/staff',
  'GET /v1/things',
  'GET /v1/things/any',
  'GET /v1/things/created',
  'GET /v1/things/fail/{how}',
  'GET /v1/things/gate',
  'GET /v1/things/open',
  'GET /v1/things/scope',
  'GET /v1/things/staff',
  'PATCH /v1/things/{sku}',
  'POST /v1/things',
  'POST /v1/things/keyed',
  'POST /v1/things/slow',
];

describe('the document', () => {
  let at: Listener;
  let text: string;
  let document: { openapi: string; info: object; security: object; paths: Record<string, Record<string, Operation>> };
  beforeAll(async () => {
    at = await listen();
    text = await (await fetch(`${at.url}/openapi.json`)).text();
    document = JSON.parse(text) as typeof document;
  });
  afterAll(() => at.close());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
  const part = (...path: string[]) =>
    path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document);
  const json = ['content', 'application/json', 'schema'];

  it('is OpenAPI 3.1, with every route', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const routes = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.sort()).toEqual(ROUTES);
  });

  it('keeps the rules of OpenAPI 3.1', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^([1-5]\d\d|default)$/);
        expect(typeof response.description).toBe('string');
      }
    }
  });

  it('describes every parameter, and those of the path that there are', () => {
    const described = { name: expect.any(String), in: expect.stringMatching(/^(path|query|header)$/) };
    for (const { path, operation } of operations()) {
      const parameters = operation.parameters ?? [];
      for (const parameter of parameters) expect(parameter).toMatchObject({ ...described, schema: expect.any(Object) });
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
      expect(inPath.every(({ required }) => required)).toBe(true);
    }
  });

  it('refers to nothing that is not there, and has nothing of other dialects', () => {
    const schemas = part('components', 'schemas');
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(schemas).toHaveProperty(name!);
    expect(text).not.toMatch(/"nullable"|"\$schema"|"exclusiveMinimum":true|"\$defs"/);
  });

  it('has the schemas that validate', () => {
    const line = { properties: { quantity: { type: 'integer', minimum: 1, maximum: 1000 } } };
    const lines = { type: 'array', minItems: 1, maxItems: 100, items: line };
    const body = { type: 'object', required: ['lines'], additionalProperties: false, properties: { lines } };
    expect(part('paths', '/v1/things', 'post', 'requestBody', ...json)).toMatchObject(body);
    expect(part('paths', '/v1/things', 'post', 'responses', '201', ...json)).toMatchObject(body);
    const page = part('paths', '/v1/things', 'get', 'responses', '200', ...json);
    expect(page).toMatchObject({ type: 'object', properties: { items: { type: 'array' } } });
    expect(page).not.toHaveProperty('additionalProperties');
    const query = document.paths['/v1/things']!.get!.parameters;
    const limit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };
    expect(query).toContainEqual(
      expect.objectContaining({ name: 'limit', in: 'query', required: false, schema: limit }),
    );
    const status = { type: 'string', enum: ['new', 'old'] };
    expect(query).toContainEqual(expect.objectContaining({ name: 'status', required: false, schema: status }));
    const sku = { name: 'sku', in: 'path', schema: { type: 'string', pattern: '^[a-z]{1,8}$' } };
    expect(document.paths['/v1/things/{sku}']!.patch!.parameters).toMatchObject([sku]);
  });

  it('says who may come in, and what headers a route uses', () => {
    expect(part('components', 'securitySchemes', 'bearer')).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.security).toEqual([{ bearer: [] }]);
    expect(part('paths', '/v1/things/open', 'get', 'security')).toEqual([{}]);
    expect(part('paths', '/v1/things/any', 'get', 'security')).toBeUndefined();
    const headers = document.paths['/v1/things/keyed']!.post!.parameters;
    expect(headers).toHaveLength(2);
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }));
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Prefer', in: 'header', required: false }));
    expect(part('paths', '/v1/things', 'post', 'tags')).toEqual(['things']);
  });

  it('leaves out what is not for clients', () => {
    expect(Object.keys(document.paths)).toContain('/v1/closed/staff');
    expect(Object.keys(document.paths)).not.toContain('/v1/inner');
  });

  it('says what failures look like', () => {
    const schema = { $ref: '#/components/schemas/Problem' };
    for (const { operation } of operations())
      expect(operation.responses.default).toMatchObject({ content: { 'application/problem+json': { schema } } });
    const required = ['type', 'title', 'status', 'detail', 'code', 'traceId'];
    expect(part('components', 'schemas', 'Problem', 'required')).toEqual(required);
  });

  it('is the same when it is made again', () => {
    expect(JSON.parse(JSON.stringify(openApiDocument(at.app)))).toEqual(document);
  });

  it('has a page that needs no other server', async () => {
    const page = await fetch(`${at.url}/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const url = new URL(file, `${at.url}/docs`);
      expect(url.origin).toBe(at.url);
      expect((await fetch(url)).status).toBe(200);
    }
    expect(html).not.toMatch(/<script>\s*\S/);
  });
});
