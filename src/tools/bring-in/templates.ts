import { pascal } from '../generate/words.js';

interface ContextText {
  name: string;
  entities: readonly string[];
  controllers: readonly string[];
  providers: readonly string[];
  standIns: readonly string[];
  migration: { path: string; type: string } | undefined;
}

/** What stands for a package has to be provided. */
const OF_STAND_INS: readonly { file: string; type: string; list: 'providers' | 'controllers' }[] = [
  { file: 'stand-ins/event-emitter.js', type: 'EventEmitter2', list: 'providers' },
  { file: 'stand-ins/schedule.js', type: 'JobsController', list: 'controllers' },
];

/** The bounded context. @param former the file of the Nest module, whose imports it keeps as far as it needs them */
export function contextFile(context: ContextText, former: string): string {
  const { name, entities, migration } = context;
  const standIns = OF_STAND_INS.filter(({ file }) => context.standIns.includes(file));
  const of = (list: string) => standIns.filter((each) => each.list === list).map(({ type }) => type);
  const file = migration?.path.split('/').at(-1)!.replace(/ts$/, 'js');
  const imports = [
    `import { BoundedContext } from '../../src/platform/index.js';`,
    ...(former.match(/^import [^;]*;$/gm) ?? []),
    `import * as contracts from './contracts/index.js';`,
    `import { ${pascal(name)}Http } from './${name}.http.js';`,
    ...(migration ? [`import { ${migration.type} } from './migrations/${file}';`] : []),
    ...standIns.map((each) => `import { ${each.type} } from './${each.file}';`),
  ];
  const lists = [
    `providers: [${[...context.providers, ...of('providers')].join(', ')}]`,
    `controllers: [${[...context.controllers, `${pascal(name)}Http`, ...of('controllers')].join(', ')}]`,
    ...(entities.length > 0 ? [`entities: [${entities.join(', ')}]`] : []),
    `migrations: [${migration?.type ?? ''}]`,
  ];
  return `${imports.join('\n')}

@BoundedContext({
  name: '${name}',
  contracts,
  ${lists.join(',\n  ')},
})
export class ${pascal(name)}Module {}
`;
}

/** It starts, which it does only with migrations that make what its entities say. */
export const specFile = (name: string) => `import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { scenario } from '../../src/platform/testing/index.js';
import { ${pascal(name)}Module } from './${name}.module.js';

describe('${name}', () => {
  let scene: Scenario;
  beforeAll(async () => void (scene = await scenario(${pascal(name)}Module)));
  afterAll(() => scene.close());

  it('starts, with a table for each entity', async () => {
    const { entityMetadatas } = scene.runtime.database('${name}').dataSource;
    for (const { target } of entityMetadatas) expect(await scene.repository(target).find()).toEqual([]);
  });
});
`;
