import { camel, pascal } from '../words.js';

/** Where a use case goes. */
export interface Place {
  module: string;
  /** The modules that this one depends on: its specs play them. */
  neighbours: readonly string[];
  /** `issue-invoice` */
  name: string;
  /** `issue` */
  verb: string;
  /** The column that says when it was done: `issued_at`. */
  moment: string;
}

export interface Route {
  /** What the method's decorator says. */
  path: string;
  /** The whole of it. */
  url: string;
}

/** The head of a spec that has the module on a stage of its own. */
export function specHead(place: Place, ...imports: readonly string[]): string {
  return headWith(place, ['scenario'], imports);
}

/** The same for a use case with a route: `role` may use it, `others` may not, whatever the roles of the project are. */
export function routedSpecHead(place: Place, ...imports: readonly string[]): string {
  const http = `${pascal(place.module)}Http`;
  const all = [`import { ${http} } from './${place.module}.http.js';`, ...imports];
  const roles = `const { allowed: role, others } = rolesOf(${http}, '${camel(place.name)}');\n`;
  return headWith(place, ['rolesOf', 'scenario'], all) + roles;
}

function headWith({ module, neighbours }: Place, testing: readonly string[], imports: readonly string[]): string {
  const type = `${pascal(module)}Module`;
  const played = neighbours.map((name) => `import * as ${local(name)} from '../${name}/contracts/index.js';`);
  const own = [`import { ${type} } from './${module}.module.js';`, ...imports].sort(byOrigin);
  const options = neighbours.length > 0 ? `, { neighbours: [${neighbours.map(local).join(', ')}] }` : '';
  return `import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Scenario } from '../../src/platform/testing/index.js';
import { ${testing.join(', ')} } from '../../src/platform/testing/index.js';
${[...played, ...own].join('\n')}

let scene: Scenario;
beforeAll(async () => void (scene = await scenario(${type}${options})));
afterAll(() => scene.close());
`;
}

const originOf = (line: string) => line.split(' from ')[1]!;
const byOrigin = (a: string, b: string) => (originOf(a) < originOf(b) ? -1 : 1);

/** What specs call the contracts of a neighbour. */
export const local = (module: string) => `the${pascal(module)}`;
