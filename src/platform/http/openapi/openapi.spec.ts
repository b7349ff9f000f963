import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { validate } from '@readme/openapi-parser';
import type { Listener } from '../fixtures/things.js';
import { listen } from '../fixtures/things.js';
import { openApiDocument } from './openapi.js';
import { OPERATOR } from '../../testing/roles.js';

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  responses: Record<string, { $ref?: string; description?: string; headers?: object }>;
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

  it('is OpenAPI 3.1, with every route', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const routes = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.sort()).toEqual(ROUTES);
  });

  it('is valid', async () => {
    expect(await validate(JSON.parse(text) as never)).toMatchObject({ valid: true, warnings: [] });
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
    for (const [, reference] of text.matchAll(/"\$ref":"#\/([^"]+)"/g))
      expect(part(...reference!.split('/'))).toBeInstanceOf(Object);
    expect(text).not.toMatch(/"nullable"|"\$schema"|"exclusiveMinimum":true|\$defs|"x-/);
  });

  it('has the schemas that validate, each by its name', () => {
    const line = { properties: { quantity: { type: 'integer', minimum: 1, maximum: 1000 } } };
    const lines = { type: 'array', minItems: 1, maxItems: 100, items: line };
    const body = { type: 'object', required: ['lines'], additionalProperties: false, properties: { lines } };
    const { post, get } = document.paths['/v1/things']!;
    expect(post).toMatchObject({
      requestBody: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/CreateThingsRequest' } } },
      },
    });
    expect(part('components', 'schemas', 'CreateThingsRequest')).toMatchObject(body);
    expect(part('components', 'schemas', 'CreateThingsResponse')).toMatchObject(body);
    const page = part('components', 'schemas', 'ListThingsResponse');
    expect(page).toMatchObject({ type: 'object', properties: { items: { type: 'array' } } });
    expect(page).not.toHaveProperty('additionalProperties');
    const limit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };
    expect(get!.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', in: 'query', required: false, schema: limit }),
    );
    const status = { type: 'string', enum: ['new', 'old'] };
    expect(get!.parameters).toContainEqual(
      expect.objectContaining({ name: 'status', required: false, schema: status }),
    );
    const sku = { name: 'sku', in: 'path', schema: { type: 'string', pattern: '^[a-z]{1,8}$' } };
    expect(document.paths['/v1/things/{sku}']!.patch!.parameters).toMatchObject([sku]);
  });

  it('has an example of each body that fits its schema', () => {
    const post = part('paths', '/v1/things', 'post') as { requestBody: object; responses: Record<string, object> };
    const example = { lines: [{ sku: 'a', quantity: 1 }], note: 'a' };
    for (const each of [post.requestBody, post.responses['201']])
      expect(each).toMatchObject({ content: { 'application/json': { example } } });
  });

  it('says who may come in, and what headers a route uses', () => {
    expect(part('components', 'securitySchemes', 'bearer')).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.security).toEqual([{ bearer: [] }]);
    expect(part('paths', '/v1/things/open', 'get', 'security')).toEqual([{}, { bearer: [] }]);
    expect(part('paths', '/health/live', 'get', 'security')).toEqual([]);
    expect(part('paths', '/v1/things/any', 'get', 'security')).toBeUndefined();
    const headers = document.paths['/v1/things/keyed']!.post!.parameters;
    expect(headers).toHaveLength(2);
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }));
    expect(headers).toContainEqual(expect.objectContaining({ name: 'Prefer', in: 'header', required: false }));
  });

  it('has what clients are named after', () => {
    const { post, get } = document.paths['/v1/things']!;
    // One word alone is completed by the path; a name that says enough, or is chosen, stays.
    expect([post!.operationId, post!.summary, get!.operationId]).toEqual([
      'createThings',
      'Create things',
      'listThings',
    ]);
    expect(part('paths', '/health/live', 'get')).toMatchObject({
      operationId: 'checkLiveness',
      summary: 'The process runs; it is not to be restarted',
      description: 'For machines that look after the process; no token is looked at.',
    });
    expect(part('paths', '/v1/things/staff', 'get', 'description')).toBe(`For the role ${OPERATOR}.`);
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = (part('tags') as { name: string; description: string }[]).map(({ name }) => name);
    expect(new Set(operations().flatMap(({ operation }) => operation.tags))).toEqual(new Set(tags));
    expect(part('info')).toMatchObject({ license: { name: 'MIT', identifier: 'MIT' } });
    expect(part('servers')).toMatchObject([{ url: '/' }]);
  });

  it('leaves out what is not for clients', () => {
    expect(Object.keys(document.paths)).toContain('/v1/closed/staff');
    expect(Object.keys(document.paths)).not.toContain('/v1/inner');
  });

  it('says what failures look like', () => {
    const required = ['type', 'title', 'status', 'detail', 'code', 'traceId'];
    expect(part('components', 'schemas', 'Problem', 'required')).toEqual(required);
    for (const response of Object.values(part('components', 'responses') as Record<string, object>)) {
      const schema = { $ref: '#/components/schemas/Problem' };
      const example = { type: expect.stringContaining('urn:'), traceId: expect.any(String) };
      expect(response).toMatchObject({ content: { 'application/problem+json': { schema, example } } });
      expect(response).toMatchObject({ headers: { 'X-Trace-Id': {}, 'X-Correlation-Id': {} } });
    }
    const header = (response: string) =>
      Object.keys(part('components', 'responses', response, 'headers') as object).at(-1);
    expect(['Unauthorized', 'TooManyRequests', 'ServiceUnavailable'].map(header)).toEqual([
      'WWW-Authenticate',
      'Retry-After',
      'Retry-After',
    ]);
  });

  it.each([
    ['POST /v1/things', '201 400 401 409 410 413 415 422 429 500 503'],
    ['POST /v1/things/keyed', '202 400 401 403 409 410 422 429 500 503'],
    ['PATCH /v1/things/{sku}', '200 400 401 404 409 410 422 429 500 503'],
    ['GET /v1/things/any', '200 400 401 403 429 500 503'],
    ['GET /health/live', '200 400 500'],
    ['GET /health/ready', '200 400 500 503'],
  ])('says which failures %s may end with', (route, statuses) => {
    const [method, path] = route.split(' ') as [string, string];
    const { responses } = document.paths[path]![method.toLowerCase()]!;
    expect(Object.keys(responses)).toEqual([...statuses.split(' '), 'default']);
    expect(responses['400']).toEqual({ $ref: '#/components/responses/BadRequest' });
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
