import type { Thing } from '../thing.js';
import { exampleOf, isRequired } from '../thing.js';
import { camel, one, pascal, plural, snake, spoken } from '../words.js';
import type { Field } from '../fields.js';
import { examplesOf, namesOf, parametersOf, selectedOf, shapeOf, wrongBodies } from '../fields.js';
import { assignedOf, importOf } from './entity.js';
import type { Place, Route } from './place.js';
import { routedSpecHead } from './place.js';

/** A command that makes a thing. */
export function creatingCommand(place: Place, thing: Thing, fields: readonly Field[], body: string): string {
  const [{ module, name, verb }, { noun, id }] = [place, thing];
  const type = pascal(name);
  return `import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, newId } from '../../src/platform/index.js';
${importOf(thing)}
export const ${body} = z.strictObject({ ${shapeOf(fields)} });

/** ${pascal(plural(verb))} ${one(noun)}. */
export class ${type} extends defineCommand('${module}.${name}.v1', {
  payload: ${body},
  result: z.object({ ${id}: z.uuid() }),
}) {}

@CommandHandler(${type})
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ ${namesOf(fields)} }: ${type}) {
    const ${id} = newId();
    ${thing.entity ? `await this.database.repository(${thing.entity.type}).insert({ ${id}, ${assignedOf(fields)} });` : inserted(thing, fields)}
    return { ${id} };
  }
}
`;
}

function inserted({ table, idColumn, id }: Thing, fields: readonly Field[]): string {
  const columns = [idColumn, ...fields.map(({ column }) => column)];
  const places = columns.map((_, index) => `$${index + 1}`);
  return `const text = 'INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})';
    await this.database.sql(text, [${id}, ${parametersOf(fields)}]);`;
}

export function creatingSpec(
  place: Place,
  { noun, table, idColumn, id }: Thing,
  fields: readonly Field[],
  body: string,
  { url }: Route,
): string {
  const [type, act] = [pascal(place.name), camel(place.name)];
  return `${routedSpecHead(place, `import { ${[type, body].sort().join(', ')} } from './${place.name}.js';`)}
const VALUES = ${examplesOf(fields)};
const ${act} = () => scene.execute(new ${type}(VALUES));

describe('${type}', () => {
  it('keeps the ${spoken(noun)}', async () => {
    const { ${id} } = await ${act}();
    const kept = await scene.sql(\`SELECT ${selectedOf(fields)} FROM ${table} WHERE ${idColumn} = $1\`, [${id}]);
    expect(kept).toEqual([VALUES]);
  });

  it.each([${wrongBodies(fields)}])('is refused with %j', (body) => {
    expect(${body}.safeParse(body).success).toBe(false);
  });

  it('has a route, which does it once for each key', async () => {
    const request = { role, body: VALUES, key: 'once' };
    const answer = await scene.request('POST', '${url}', request);
    expect(answer).toMatchObject({ status: 201, body: { ${id}: expect.any(String) } });
    expect((await scene.request('POST', '${url}', request)).body).toEqual(answer.body);
    expect((await scene.request('POST', '${url}', { role, body: { ...VALUES, more: 1 } })).status).toBe(422);
    for (const other of others)
      expect((await scene.request('POST', '${url}', { ...request, role: other })).status).toBe(403);
  });
});
`;
}

/** A command that does something, once, to a thing that is there. */
export function actingCommand(
  { module, name, verb, moment: column }: Place,
  { noun, table, idColumn, id, idSchema }: Thing,
): string {
  const type = pascal(name);
  return `import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, NotFound } from '../../src/platform/index.js';

/** ${pascal(plural(verb))} ${one(noun)}; doing it again keeps the first moment. */
export class ${type} extends defineCommand('${module}.${name}.v1', {
  payload: z.object({ ${id}: ${idSchema} }),
  errors: { unknown_${snake(noun)}: z.object({ ${id}: ${idSchema} }) },
}) {}

@CommandHandler(${type})
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ ${id} }: ${type}) {
    const text = 'UPDATE ${table} SET ${column} = coalesce(${column}, now()) WHERE ${idColumn} = $1 RETURNING ${idColumn}';
    const [found] = await this.database.sql(text, [${id}]);
    if (!found) throw new NotFound('unknown_${snake(noun)}', \`There is no ${spoken(noun)} \${${id}}.\`, { ${id} });
  }
}
`;
}

export function actingSpec(place: Place, thing: Thing, { url }: Route): string {
  const { noun, table, idColumn, id } = thing;
  const [type, act, column] = [pascal(place.name), camel(place.name), place.moment];
  const when = camel(column.replaceAll('_', '-'));
  const at = (value: string) => `\`${url.replace(`:${id}`, `\${${value}}`)}\``;
  return `import { randomUUID } from 'node:crypto';
${routedSpecHead(place, `import { ${type} } from './${place.name}.js';`)}
async function ${act}(${id} = randomUUID()) {
  await scene.sql("${insertion(thing)}", [${id}]);
  await scene.execute(new ${type}({ ${id} }));
  return { ${id} };
}

const ${when} = async (${id}: string) => {
  const [row] = await scene.sql<{ at: Date | null }>('SELECT ${column} AS at FROM ${table} WHERE ${idColumn} = $1', [${id}]);
  return row?.at;
};

describe('${type}', () => {
  it('is noted, and when', async () => {
    const { ${id} } = await ${act}();
    expect(await ${when}(${id})).toBeInstanceOf(Date);
  });

  it('changes nothing the second time', async () => {
    const { ${id} } = await ${act}();
    const first = await ${when}(${id});
    await scene.execute(new ${type}({ ${id} }));
    expect(await ${when}(${id})).toEqual(first);
  });

  it('is refused where there is no such ${spoken(noun)}', async () => {
    const command = new ${type}({ ${id}: randomUUID() });
    await expect(scene.execute(command)).rejects.toMatchObject({ code: 'unknown_${snake(noun)}' });
  });

  it('has a route', async () => {
    const { ${id} } = await ${act}();
    expect((await scene.request('POST', ${at(id)}, { role })).status).toBe(204);
    expect((await scene.request('POST', ${at('randomUUID()')}, { role })).status).toBe(404);
    for (const other of others)
      expect((await scene.request('POST', ${at(id)}, { role: other })).status).toBe(403);
  });
});
`;
}

/** SQL that makes a row with nothing but what it cannot do without; its identity is the parameter. */
export function insertion({ table, idColumn, columns = [] }: Thing): string {
  const others = columns.filter((column) => column.name !== idColumn && isRequired(column));
  const names = [idColumn, ...others.map(({ name }) => name)];
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${['$1', ...others.map((each) => exampleOf(each)!)].join(', ')})`;
}
