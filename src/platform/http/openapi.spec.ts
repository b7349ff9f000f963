import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Listener } from './fixtures/things.js';
import { listen } from './fixtures/things.js';
import { openApiDocument } from './openapi.js';

describe('the document', () => {
  let at: Listener;
  let document: Record<string, any>;
  beforeAll(async () => {
    at = await listen();
    document = (await (await fetch(`${at.url}/openapi.json`)).json()) as Record<string, any>;
  });
  afterAll(() => at.close());
  const operations = () =>
    Object.entries(document.paths as Record<string, Record<string, any>>).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

  it('is OpenAPI 3.1, with every route', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const routes = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.sort()).toEqual(
      [
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
      ].sort(),
    );
  });

  it('keeps the rules of OpenAPI 3.1', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(operation.responses as Record<string, any>)) {
        expect(status).toMatch(/^([1-5]\d\d|default)$/);
        expect(typeof response.description).toBe('string');
      }
      const parameters: any[] = operation.parameters ?? [];
      for (const parameter of parameters) expect(parameter).toMatchObject({ name: expect.any(String), in: expect.stringMatching(/^(path|query|header)$/), schema: expect.any(Object) });
      for (const parameter of parameters) if (parameter.in === 'path') expect(parameter.required).toBe(true);
      const named = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
      expect([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])).toEqual(named);
    }
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) expect(document.components.schemas).toHaveProperty(name!);
    expect(text).not.toMatch(/"nullable"|"\$schema"|"exclusiveMinimum":true|"\$defs"/);
  });

  it('has the schemas that validate', () => {
    const body = document.paths['/v1/things'].post.requestBody.content['application/json'].schema;
    expect(body).toMatchObject({ type: 'object', required: ['lines'], additionalProperties: false, properties: { lines: { type: 'array', minItems: 1, maxItems: 100 } } });
    expect(body.properties.lines.items.properties.quantity).toMatchObject({ type: 'integer', minimum: 1, maximum: 1000 });
    expect(document.paths['/v1/things'].post.responses['201'].content['application/json'].schema.properties.lines.type).toBe('array');
    const query = document.paths['/v1/things'].get.parameters;
    expect(query).toContainEqual(expect.objectContaining({ name: 'limit', in: 'query', required: false, schema: expect.objectContaining({ minimum: 1, maximum: 100, default: 20 }) }));
    expect(query).toContainEqual(expect.objectContaining({ name: 'status', in: 'query', required: false, schema: expect.objectContaining({ enum: ['new', 'old'] }) }));
    expect(document.paths['/v1/things/{sku}'].patch.parameters[0]).toMatchObject({ name: 'sku', in: 'path', schema: { type: 'string', pattern: '^[a-z]{1,8}$' } });
  });

  it('says who may come in, what headers a route uses, and what failures look like', () => {
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/v1/things/open'].get.security).toEqual([{}]);
    expect(document.paths['/v1/things/any'].get.security).toBeUndefined();
    const headers = document.paths['/v1/things/keyed'].post.parameters;
    expect(headers).toHaveLength(2);
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }));
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Prefer', in: 'header', required: false }));
    for (const { operation } of operations()) {
      expect(operation.responses.default.content['application/problem+json'].schema).toEqual({ $ref: '#/components/schemas/Problem' });
    }
    expect(document.components.schemas.Problem.required).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'code', 'traceId']));
    expect(document.paths['/v1/things'].post.tags).toEqual(['things']);
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
