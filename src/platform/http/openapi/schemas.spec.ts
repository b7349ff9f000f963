import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Direction } from './json.js';
import { MARK, SchemaBook } from './schemas.js';

/** The schemas of a document whose bodies have these, each with the name that its operation would give it. */
function schemasOf(book: SchemaBook, bodies: [schema: z.ZodType, name: string, direction?: Direction][]) {
  const refer = ([schema, name, direction = 'output']: (typeof bodies)[number]) =>
    book.refer(book.convert(schema, direction)[MARK] as string, name).schema;
  const { document, schemas } = book.finish(bodies.map(refer));
  const names = document.map(({ $ref }) => String($ref).replace('#/components/schemas/', ''));
  return { names, schemas };
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe('the schemas of a document', () => {
  it('may contain themselves, with a name and without', () => {
    const tree = z.object({
      get kids() {
        return z.array(tree);
      },
    });
    const { names, schemas } = schemasOf(new SchemaBook(), [
      [tree, 'GetTreeResponse'],
      [z.object({ tree, any: z.json() }), 'GetParkResponse'],
    ]);
    expect(names).toEqual(['GetTreeResponse', 'GetParkResponse']);
    expect(schemas.GetTreeResponse).toMatchObject({ properties: { kids: { items: ref('GetTreeResponse') } } });
    expect(schemas.GetParkResponse).toMatchObject({ properties: { any: ref('Json') } });
    expect(schemas.Json).toEqual({ description: 'Any JSON value' });
    const kin = z.object({ one: z.union([z.string(), z.array(z.lazy((): z.ZodType => kin))]) });
    const list: z.ZodType = z.lazy(() => z.array(list));
    expect(schemasOf(new SchemaBook(), [[z.object({ kin, list }), 'X']]).schemas).toMatchObject({
      XPart1: { items: ref('XPart1') },
    });
    expect(JSON.stringify(schemas)).not.toMatch(/\$defs|"#"/);
    for (const [, name] of JSON.stringify(schemas).matchAll(/schemas\/([^"]+)"/g))
      expect(schemas).toHaveProperty(name!);
  });

  it('are written once, by the name that they have', () => {
    const money = z.object({ amount: z.int() });
    const book = new SchemaBook();
    book.name(money, 'Money');
    const receipt = z.object({ total: money.optional(), tip: money.nullable() }).meta({ id: 'Receipt' });
    const { names, schemas } = schemasOf(book, [
      [receipt, 'PayResponse'],
      [receipt, 'CancelResponse'],
      [z.array(money), 'ListResponse'],
    ]);
    expect(names).toEqual(['Receipt', 'Receipt', 'ListResponse']);
    expect(Object.keys(schemas)).toEqual(['ListResponse', 'Money', 'Receipt']);
    expect(schemas.Receipt).toMatchObject({ properties: { total: ref('Money') } });
  });

  it('are told apart where the names of two modules collide', () => {
    const [one, other] = [z.object({ a: z.string() }), z.object({ b: z.string() })];
    const book = new SchemaBook();
    book.name(one, 'Line', 'OneLine');
    book.name(other, 'Line', 'OtherLine');
    const third = z.object({ c: z.string() }).meta({ id: 'Line' });
    const { names, schemas } = schemasOf(book, [
      [one, 'A'],
      [other, 'B'],
      [third, 'C'],
      [z.object({ d: third }), 'Line'],
    ]);
    expect(names).toEqual(['Line', 'OtherLine', 'Line2', 'Line3']);
    expect(schemas.Line3).toMatchObject({ properties: { d: ref('Line2') } });
  });

  it('are told apart where what is sent is not what is answered', () => {
    const fields = z.object({ limit: z.int().default(1) });
    const book = new SchemaBook();
    book.name(fields, 'Fields');
    const { names, schemas } = schemasOf(book, [
      [fields, 'A', 'input'],
      [fields, 'B', 'output'],
    ]);
    expect(names).toEqual(['FieldsInput', 'Fields']);
    expect([schemas.FieldsInput!.required, schemas.Fields!.required]).toEqual([undefined, ['limit']]);
  });

  it('have the example of their author, else one that fits, else none', () => {
    const book = new SchemaBook();
    const exampleOf = (schema: z.ZodType) => book.refer(book.convert(schema, 'input')[MARK] as string, 'X').example;
    expect(exampleOf(z.object({ a: z.int().min(7) }))).toEqual({ a: 7 });
    expect(exampleOf(z.object({ a: z.int() }).meta({ examples: [{ a: 42 }] }))).toEqual({ a: 42 });
    expect(exampleOf(z.object({ a: z.int() }).meta({ examples: [{ a: 'wrong' } as never] }))).toEqual({ a: 1 });
    expect(exampleOf(z.object({ a: z.string().regex(/^unguessable-\d{7}$/) }))).toBeUndefined();
  });
});
