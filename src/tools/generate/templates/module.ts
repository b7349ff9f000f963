import { pascal, plural, spoken } from '../words.js';

/** The files of a module that has nothing yet but a door. */
export function moduleFiles(name: string, noun: string, project: string): Record<string, string> {
  const folder = `modules/${name}`;
  const manifest = {
    $schema: '../module.schema.json',
    name,
    summary: `Keeps ${spoken(plural(noun))}.`,
    owner: `@${project}/${name}`,
    dependsOn: {},
    consumers: [],
  };
  return {
    [`${folder}/module.json`]: JSON.stringify(manifest),
    [`${folder}/${name}.module.ts`]: moduleFile(name),
    [`${folder}/${name}.http.ts`]: httpFile(name),
    [`${folder}/README.md`]: readme(name, noun),
  };
}

const moduleFile = (name: string) => `import { BoundedContext } from '../../src/platform/index.js';
import { ${pascal(name)}Http } from './${name}.http.js';
import * as contracts from './contracts/index.js';

@BoundedContext({
  name: '${name}',
  contracts,
  providers: [],
  controllers: [${pascal(name)}Http],
  migrations: [],
})
export class ${pascal(name)}Module {}
`;

const httpFile = (name: string) => `import { Controller } from '@nestjs/common';

@Controller('v1/${name}')
export class ${pascal(name)}Http {
}
`;

const readme = (name: string, noun: string) => `# ${name}

Keeps ${spoken(plural(noun))}. Its messages, tables and dependencies are on [the map](../../docs/modules.md#${name}).

## Runbook

- **Something it should have done is not done.** \`npm run deliveries -- list\` says what is undelivered and why,
  \`npm run deliveries -- lag\` how far each reader is behind.
- **It is away.** Its routes answer 503. What others send to it waits, and is handled when it is back.
`;
