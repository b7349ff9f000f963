import type { Column } from '../../map/tables.js';
import type { Thing } from '../thing.js';
import { isRequired, schemaOf, shownDate } from '../thing.js';
import { camel, one, pascal, plural, snake, spoken } from '../words.js';
import { insertion } from './command.js';
import { importOf } from './entity.js';
import type { Place, Route } from './place.js';
import { routedSpecHead } from './place.js';

/** A query for one thing. */
export function gettingQuery({ module, name }: Place, view: string, thing: Thing): string {
  const { noun, id, idSchema } = thing;
  const type = pascal(name);
  // TypeORM reads a moment as a Date, which no message has.
  const entity = visible(thing).some(shownDate) ? undefined : thing.entity;
  return `import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery, NotFound } from '../../src/platform/index.js';
${entity ? importOf(thing) : ''}
export const ${view} = ${viewOf(thing)};

export class ${type} extends defineQuery('${module}.${name}.v1', {
  payload: z.object({ ${id}: ${idSchema} }),
  result: ${view},
  errors: { unknown_${snake(noun)}: z.object({ ${id}: ${idSchema} }) },
}) {}

@QueryHandler(${type})
export class ${type}Handler implements IQueryHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ ${id} }: ${type}) {
    ${entity ? `const found = await this.database.repository(${entity.type}).findOneBy({ ${id} });` : selected(thing, view)}
    if (!found) throw new NotFound('unknown_${snake(noun)}', \`There is no ${spoken(noun)} \${${id}}.\`, { ${id} });
    return found;
  }
}
`;
}

function selected(thing: Thing, view: string): string {
  const { table, idColumn, id } = thing;
  return `const text = \`${selection(thing)} FROM ${table} WHERE ${idColumn} = $1\`;
    const [found] = await this.database.sql<z.output<typeof ${view}>>(text, [${id}]);`;
}

export function gettingSpec(place: Place, thing: Thing, { url }: Route): string {
  const { noun, id } = thing;
  const type = pascal(place.name);
  const at = (value: string) => `\`${url.replace(`:${id}`, `\${${value}}`)}\``;
  return `import { randomUUID } from 'node:crypto';
${routedSpecHead(place, `import { ${type} } from './${place.name}.js';`)}
describe('${type}', () => {
  it('finds ${one(noun)} that is there', async () => {
    const ${id} = randomUUID();
    await scene.sql("${insertion(thing)}", [${id}]);
    expect(await scene.execute(new ${type}({ ${id} }))).toMatchObject({ ${id} });
    expect(await scene.request('GET', ${at(id)}, { role })).toMatchObject({ status: 200, body: { ${id} } });
  });

  it('says so where there is none', async () => {
    const query = new ${type}({ ${id}: randomUUID() });
    await expect(scene.execute(query)).rejects.toMatchObject({ code: 'unknown_${snake(noun)}' });
    expect((await scene.request('GET', ${at('randomUUID()')}, { role })).status).toBe(404);
    expect((await scene.request('GET', ${at('randomUUID()')})).status).toBe(401);
    for (const other of others)
      expect((await scene.request('GET', ${at('randomUUID()')}, { role: other })).status).toBe(403);
  });
});
`;
}

/** A query for many things, page by page. */
export function listingQuery({ module, name }: Place, view: string, thing: Thing): string {
  const { noun, table, idColumn, id, idSchema } = thing;
  const [type, sqlType] = [pascal(name), idSchema === 'z.uuid()' ? 'uuid' : 'text'];
  return `import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineQuery } from '../../src/platform/index.js';

export const ${view} = ${viewOf(thing)};

/** A page of ${spoken(plural(noun))}, in a stable order; \`next\` is absent on the last one. */
export class ${type} extends defineQuery('${module}.${name}.v1', {
  payload: z.object({ limit: z.int().min(1).max(100), after: ${idSchema}.optional() }),
  result: z.object({ items: z.array(${view}), next: ${idSchema}.optional() }),
}) {}

@QueryHandler(${type})
export class ${type}Handler implements IQueryHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ limit, after }: ${type}) {
    const rows = await this.database.sql<z.output<typeof ${view}>>(
      \`${selection(thing)} FROM ${table}
       WHERE $1::${sqlType} IS NULL OR ${idColumn} > $1 ORDER BY ${idColumn} LIMIT $2\`,
      [after ?? null, limit + 1],
    );
    const items = rows.slice(0, limit);
    return { items, ...(rows.length > limit && { next: items.at(-1)!.${id} }) };
  }
}
`;
}

export function listingSpec(place: Place, thing: Thing, { url }: Route): string {
  const { noun, id } = thing;
  const type = pascal(place.name);
  return `import { randomUUID } from 'node:crypto';
${routedSpecHead(place, `import { ${type} } from './${place.name}.js';`)}
const ids = [randomUUID(), randomUUID(), randomUUID()].sort();
beforeAll(async () => {
  for (const ${id} of ids) await scene.sql("${insertion(thing)}", [${id}]);
});

describe('${type}', () => {
  it('gives all ${spoken(plural(noun))}, page by page', async () => {
    const first = await scene.execute(new ${type}({ limit: 2 }));
    expect(first).toMatchObject({ items: ids.slice(0, 2).map((${id}) => ({ ${id} })), next: ids[1] });
    const second = await scene.execute(new ${type}({ limit: 2, after: first.next }));
    expect(second.items).toMatchObject([{ ${id}: ids[2] }]);
    expect(second.next).toBeUndefined();
  });

  it('has a route, with a cursor', async () => {
    const { status, body } = await scene.request('GET', '${url}?limit=2', { role });
    expect({ status, body }).toMatchObject({ status: 200, body: { items: [{ ${id}: ids[0] }, { ${id}: ids[1] }] } });
    const { nextCursor } = body as { nextCursor: string };
    const next = await scene.request('GET', \`${url}?limit=2&cursor=\${nextCursor}\`, { role });
    expect(next.body).toMatchObject({ items: [{ ${id}: ids[2] }] });
    for (const other of others) expect((await scene.request('GET', '${url}', { role: other })).status).toBe(403);
  });
});
`;
}

/** When a row was made, which no message says. */
const MADE = 'created_at';

/** The columns that a page can show. */
function visible({ columns = [], idColumn, shown = [] }: Thing): readonly Column[] {
  const isWanted = ({ name }: Column) =>
    shown.length === 0 ? name !== MADE : shown.some(({ column }) => column === name);
  const canBe = (column: Column) => schemaOf(column) !== undefined || shownDate(column) !== undefined;
  return columns.filter((column) => column.name === idColumn || (canBe(column) && isWanted(column)));
}

const fieldOf = ({ name }: Column) => camel(name.replaceAll('_', '-'));

function viewOf(thing: Thing): string {
  const fields = visible(thing).map((column) => {
    const nullable = isRequired(column) || /\bNOT NULL\b/i.test(column.definition) ? '' : '.nullable()';
    return `${fieldOf(column)}: ${schemaOf(column) ?? shownDate(column)!.schema}${nullable}`;
  });
  return `z.object({ ${fields.join(', ')} })`;
}

function selection(thing: Thing): string {
  const columns = visible(thing).map((column) => {
    const sql = shownDate(column)?.sql ?? column.name;
    return sql === fieldOf(column) ? sql : `${sql} AS "${fieldOf(column)}"`;
  });
  return `SELECT ${columns.join(', ')}`;
}
