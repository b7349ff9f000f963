/** The files of one made-up module, as clean as the law wants them. Text only: nothing of it runs. */
export interface SyntheticModule {
  name: string;
  /** Modules that it asks, and whose events it hears. */
  asks: readonly string[];
  /** Modules of which it hears events only. */
  hears: readonly string[];
  consumers: readonly string[];
  /** Source files to make, at least ten. */
  files: number;
}

export function filesOf(module: SyntheticModule): Map<string, string> {
  const { name } = module;
  const handlers = Array.from({ length: module.files - 9 }, (_, index) => `step-${index + 1}`);
  return new Map([
    ['module.json', manifest(module)],
    [`${name}.module.ts`, moduleFile(module, handlers)],
    [`${name}.http.ts`, routes(name)],
    [`${name}.entity.ts`, entity(name)],
    [`${name}.spec.ts`, spec(name)],
    [`when-something-happens.ts`, reaction(module)],
    [`migrations/1790000000000-${name}.ts`, migration(name)],
    ['contracts/index.ts', `export * from './${name}-events.js';\nexport * from './${name}-messages.js';\n`],
    [`contracts/${name}-events.ts`, events(name)],
    [`contracts/${name}-messages.ts`, messages(name)],
    ...handlers.map((handler, index) => [`${handler}.ts`, handlerFile(module, handler, handlers[index - 1])] as const),
  ]);
}

export function pascal(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function manifest({ name, asks, hears, consumers }: SyntheticModule): string {
  const reason = (other: string, why: string) => [other, `${why} ${other}, or its own pages would be empty.`];
  const dependsOn = [
    ...asks.map((other) => reason(other, 'It asks')),
    ...hears.map((other) => reason(other, 'It hears')),
  ];
  const content = {
    name,
    summary: `All about ${name}.`,
    owner: `@shop/${name}`,
    dependsOn: Object.fromEntries(dependsOn),
    consumers,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function moduleFile({ name }: SyntheticModule, handlers: readonly string[]): string {
  const type = pascal(name);
  const imports = handlers.map((handler) => `import { ${pascal(handler)}Handler } from './${handler}.js';`);
  return `import { BoundedContext } from '../../src/platform/index.js';
import * as contracts from './contracts/index.js';
import { Make${type}1790000000000 } from './migrations/1790000000000-${name}.js';
import { ${type} } from './${name}.entity.js';
import { ${type}Http } from './${name}.http.js';
${imports.join('\n')}
import { WhenSomethingHappens } from './when-something-happens.js';

@BoundedContext({
  name: '${name}',
  contracts,
  controllers: [${type}Http],
  entities: [${type}],
  migrations: [Make${type}1790000000000],
  providers: [WhenSomethingHappens, ${handlers.map((handler) => `${pascal(handler)}Handler`).join(', ')}],
})
export class ${type}Module {}
`;
}

const routes = (name: string) => `import { Controller, Get, Param } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { Answers } from '../../src/platform/http/index.js';
import { Find${pascal(name)} } from './contracts/index.js';

/** Pages of ${name}; see modules/README for the others. */
@Controller('v1/${name}')
export class ${pascal(name)}Http {
  constructor(private readonly queries: QueryBus) {}

  @Get(':id')
  @Answers(200, z.object({ id: z.string(), title: z.string() }))
  async get(@Param('id') id: string) {
    return await this.queries.execute(new Find${pascal(name)}({ id }));
  }
}
`;

const entity = (name: string) => `import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('${name.replaceAll('-', '_')}')
export class ${pascal(name)} {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  title!: string;
}
`;

const spec = (name: string) => `import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../src/platform/testing/index.js';
import { ${pascal(name)}Moved } from './contracts/index.js';

describe('${name}', () => {
  it('moves', async () => {
    const moved = await eventually(() => new ${pascal(name)}Moved({ id: '1' }));
    expect(moved.id).toBe('1');
  });
});
`;

function reaction({ name, asks, hears }: SyntheticModule): string {
  const heard = [...asks, ...hears];
  const events = heard.map((other) => `${pascal(other)}Moved`);
  const own = events.length > 0 ? [] : [`import { ${pascal(name)}Moved } from './contracts/index.js';`];
  return `import { EventsHandler } from '@nestjs/cqrs';
import { Database, Subscription } from '../../src/platform/index.js';
${[...heard.map((other) => `import { ${pascal(other)}Moved } from '../${other}/contracts/index.js';`), ...own].join('\n')}

@EventsHandler(${events.join(', ') || `${pascal(name)}Moved`})
@Subscription({ name: 'something-happens', rebuildable: true })
export class WhenSomethingHappens {
  constructor(private readonly database: Database) {}

  async handle(event: { id: string }) {
    await this.database.sql('UPDATE ${name.replaceAll('-', '_')} SET title = $2 WHERE id = $1', [event.id, 'moved']);
  }
}
`;
}

const migration = (name: string) => `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Make${pascal(name)}1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner) {
    await runner.query('CREATE TABLE ${name.replaceAll('-', '_')} (id uuid PRIMARY KEY, title text NOT NULL)');
  }

  async down(runner: QueryRunner) {
    await runner.query('DROP TABLE ${name.replaceAll('-', '_')}');
  }
}
`;

const events = (name: string) => `import { z } from 'zod';
import { defineEvent } from '../../../src/platform/messaging/define.js';

export class ${pascal(name)}Moved extends defineEvent('${name}.${name}-moved.v1', {
  key: 'id',
  payload: z.object({ id: z.string() }),
}) {}
`;

const messages = (name: string) => `import { z } from 'zod';
import { defineCommand, defineQuery } from '../../../src/platform/messaging/define.js';

export class Find${pascal(name)} extends defineQuery('${name}.find-${name}.v1', {
  payload: z.object({ id: z.string() }),
  result: z.object({ id: z.string(), title: z.string() }),
}) {}

export class Move${pascal(name)} extends defineCommand('${name}.move-${name}.v1', {
  payload: z.object({ id: z.string(), to: z.string() }),
  errors: { gone: z.object({ id: z.string() }) },
}) {}
`;

function handlerFile({ name, asks }: SyntheticModule, handler: string, before: string | undefined): string {
  const type = pascal(handler);
  const asked = asks[0];
  return `import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus${asked ? ', QueryBus' : ''} } from '@nestjs/cqrs';
import { z } from 'zod';
import { Database, defineCommand, NotFound } from '../../src/platform/index.js';
${asked ? `import { Find${pascal(asked)} } from '../${asked}/contracts/index.js';\n` : ''}import { ${pascal(name)}Moved } from './contracts/index.js';
${before ? `import type { ${pascal(before)} } from './${before}.js';\n` : ''}
export class ${type} extends defineCommand('${name}.${handler}.v1', {
  payload: z.object({ id: z.uuid(), title: z.string().min(1).max(200)${before ? '' : ', first: z.boolean().optional()'} }),
  result: z.object({ id: z.uuid(), titles: z.array(z.string()) }),
  errors: { unknown: z.object({ id: z.string() }) },
}) {}

@CommandHandler(${type})
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,${asked ? '\n    private readonly queries: QueryBus,' : ''}
  ) {}

  async execute({ id, title }: ${type}) {
    ${asked ? `const other = await this.queries.execute(new Find${pascal(asked)}({ id }));` : 'const other = { title };'}
    const rows = await this.database.sql<{ title: string }>(
      \`UPDATE ${name.replaceAll('-', '_')} SET title = $2 WHERE id = $1 RETURNING title\`,
      [id, titleOf(title, other.title)],
    );
    if (rows.length === 0) throw new NotFound('unknown', \`There is no ${name} \${id}.\`, { id });
    this.events.publish(new ${pascal(name)}Moved({ id }));
    return { id, titles: rows.map((row) => row.title) };
  }
}

function titleOf(${before ? `wanted: ${pascal(before)}['title']` : 'wanted: string'}, other: string): string {
  return wanted.length > other.length ? wanted : \`\${wanted} (\${other})\`;
}
`;
}
