import { validate } from '@readme/openapi-parser';
import { describe, expect, it } from '@jest/globals';
import { merged } from './merged-docs.js';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const text = { type: 'string' };
const number = { type: 'number' };

/** The document of a process with one route, which answers with the schema `Order`. */
function documentOf(path: string, operationId: string, schemas: Record<string, object>) {
  const answer = { description: 'OK', content: { 'application/json': { schema: ref('Order') } } };
  const operation = { operationId, tags: [operationId], responses: { 200: answer } };
  const tags = [{ name: operationId, description: path }, { name: 'platform' }];
  const securitySchemes = { bearer: { type: 'http', scheme: 'bearer' } };
  const paths = {
    [path]: { get: operation },
    '/health': { get: { operationId: 'check', responses: { 200: answer } } },
  };
  return {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    tags,
    paths,
    components: { schemas, securitySchemes },
  };
}

const ours = documentOf('/ours', 'getOrder', { Order: { properties: { line: ref('Line') } }, Line: text, Same: text });

describe('the document of two processes', () => {
  it('is valid, and has what both have once', async () => {
    const theirs = documentOf('/theirs', 'getCard', ours.components.schemas);
    const document = merged(ours, theirs, 'cards') as unknown as typeof ours;
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(Object.keys(document.paths).sort()).toEqual(['/health', '/ours', '/theirs']);
    expect(document.components).toEqual(ours.components);
    expect(document.tags.map(({ name }) => name).sort()).toEqual(['getCard', 'getOrder', 'platform']);
  });

  it('tells apart what has the same name, and whatever refers to it', async () => {
    const schemas = { Order: { properties: { line: ref('Line') } }, Line: number, Same: text, CardsLine: text };
    const theirs = documentOf('/theirs', 'getOrder', schemas);
    const document = merged(ours, theirs, 'cards') as unknown as typeof ours;
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(document.components.schemas).toEqual({
      ...ours.components.schemas,
      CardsOrder: { properties: { line: ref('CardsLine2') } },
      CardsLine2: number,
      CardsLine: text,
    });
    expect(document.paths['/ours']).toEqual(ours.paths['/ours']);
    expect(document.paths['/theirs']).toMatchObject({
      get: {
        operationId: 'cardsGetOrder',
        responses: { 200: { content: { 'application/json': { schema: ref('CardsOrder') } } } },
      },
    });
  });

  it('is the same when another module of that process is asked', () => {
    const theirs = documentOf('/theirs', 'getOrder', { Order: number });
    const document = merged(ours, theirs, 'cards');
    expect(merged(document, theirs, 'other')).toEqual(document);
  });
});
