import { examplesOf, namesOf, parametersOf, selectedOf, shapeOf, wrongBodies } from '../fields.js';
import type { Field } from '../fields.js';
import type { Thing } from '../thing.js';
import { one, pascal, snake, spoken } from '../words.js';
import { insertion } from './command.js';
import type { Place, Route } from './place.js';
import { routedSpecHead } from './place.js';

/** What the route takes, besides the identity. */
export const bodyOf = (name: string) => `${pascal(name)}Body`;

/** A command that gives fields of a thing that is there new values. */
export function changingCommand({ module, name }: Place, thing: Thing, fields: readonly Field[]): string {
  const { noun, table, idColumn, id, idSchema } = thing;
  const [type, body] = [pascal(name), bodyOf(name)];
  const settings = fields.map(({ column }, index) => `${column} = $${index + 2}`).join(', ');
  const cleared = fields.some(({ optional }) => optional) ? ' What is left out is empty afterwards.' : '';
  return `import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, NotFound } from '../../src/platform/index.js';

export const ${body} = z.strictObject({ ${shapeOf(fields)} });

/** Gives ${one(noun)} new values.${cleared} */
export class ${type} extends defineCommand('${module}.${name}.v1', {
  payload: z.object({ ${id}: ${idSchema}, ...${body}.shape }),
  errors: { unknown_${snake(noun)}: z.object({ ${id}: ${idSchema} }) },
}) {}

@CommandHandler(${type})
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(private readonly database: Database) {}

  async execute({ ${id}, ${namesOf(fields)} }: ${type}) {
    const text = 'UPDATE ${table} SET ${settings} WHERE ${idColumn} = $1 RETURNING ${idColumn}';
    const [found] = await this.database.sql(text, [${id}, ${parametersOf(fields)}]);
    if (!found) throw new NotFound('unknown_${snake(noun)}', \`There is no ${spoken(noun)} \${${id}}.\`, { ${id} });
  }
}
`;
}

export function changingSpec(place: Place, thing: Thing, fields: readonly Field[], { url }: Route): string {
  const { noun, table, idColumn, id } = thing;
  const [type, body] = [pascal(place.name), bodyOf(place.name)];
  const act = `${type[0]!.toLowerCase()}${type.slice(1)}`;
  const at = (value: string) => `\`${url.replace(`:${id}`, `\${${value}}`)}\``;
  return `import { randomUUID } from 'node:crypto';
${routedSpecHead(place, `import { ${type}, ${body} } from './${place.name}.js';`)}
const VALUES = ${examplesOf(fields)};

async function ${act}(${id} = randomUUID()) {
  await scene.sql("${insertion(thing)}", [${id}]);
  await scene.execute(new ${type}({ ${id}, ...VALUES }));
  return { ${id} };
}

const kept = (${id}: string) =>
  scene.sql(\`SELECT ${selectedOf(fields)} FROM ${table} WHERE ${idColumn} = $1\`, [${id}]);

describe('${type}', () => {
  it('keeps the new values, however often it is done', async () => {
    const { ${id} } = await ${act}();
    expect(await kept(${id})).toEqual([VALUES]);
    await scene.execute(new ${type}({ ${id}, ...VALUES }));
    expect(await kept(${id})).toEqual([VALUES]);
  });

  it('is refused where there is no such ${spoken(noun)}', async () => {
    const command = new ${type}({ ${id}: randomUUID(), ...VALUES });
    await expect(scene.execute(command)).rejects.toMatchObject({ code: 'unknown_${snake(noun)}' });
  });

  it.each([${wrongBodies(fields)}])('is refused with %j', (body) => {
    expect(${body}.safeParse(body).success).toBe(false);
  });

  it('has a route', async () => {
    const { ${id} } = await ${act}();
    const request = { role, body: VALUES };
    expect((await scene.request('POST', ${at(id)}, request)).status).toBe(204);
    expect((await scene.request('POST', ${at('randomUUID()')}, request)).status).toBe(404);
    expect((await scene.request('POST', ${at(id)}, { role, body: { ...VALUES, more: 1 } })).status).toBe(422);
    for (const other of others)
      expect((await scene.request('POST', ${at(id)}, { ...request, role: other })).status).toBe(403);
  });
});
`;
}
