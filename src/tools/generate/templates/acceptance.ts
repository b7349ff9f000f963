import { OPERATORS } from '../../../platform/http/auth/roles.js';
import type { ModuleRoute } from '../routes.js';

const SOME_ID = '7e0c9cbb-0000-4000-8000-000000000000';

/** A spec of one module over HTTP, wherever it runs. */
export function acceptanceSpec(module: string, routes: readonly ModuleRoute[]): string {
  const tests = [
    readySpec(module),
    ...guardedSpec(routes),
    ...routes.filter(isCreating).map((each) => madeSpec(each, routes)),
  ];
  const text = tests.join('\n\n');
  const testing = ['OPERATOR', 'OUTSIDER'].filter((role) => text.includes(role));
  return `import { beforeAll, describe, expect, it } from '@jest/globals';
${testing.length > 0 ? `import { ${testing.join(', ')} } from '../../src/platform/testing/index.js';\n` : ''}import type { App } from '../support/app.js';
import { ${['newKey', 'openApp'].filter((name) => name === 'openApp' || text.includes(name)).join(', ')} } from '../support/app.js';

/** The application that runs at BASE_URL, else one of its own. */
let app: App;
beforeAll(async () => void (app = await openApp()), 60_000);

describe('${module}, from outside', () => {
${text}
});
`;
}

/** The same spec, with the module in a process of its own. */
export function topologySpec(module: string): string {
  return `import { beforeAll, describe, expect, it } from '@jest/globals';
import { acceptance } from '../../src/tools/rehearse/acceptance.js';
import { groupsOf } from '../../src/tools/rehearse/split.js';
import { moduleNames } from '../support/described-hosts.js';
import { SplitApp } from '../support/split-app.js';

describe('with ${module} in a process of its own', () => {
  let split: SplitApp;
  beforeAll(async () => void (split = await SplitApp.start(groupsOf(await moduleNames(), '${module}'))), 120_000);

  it('its acceptance spec passes, as it is', async () => {
    const { app, dataDir } = split;
    const { passed, failures } = await acceptance({ url: app.url, dataDir, patienceMs: 0, files: 'test/acceptance/${module}.spec' });
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(0);
  }, 180_000);
});
`;
}

function readySpec(module: string): string {
  return `it('is ready', async () => {
    const ready = (await app.anybody().get<{ modules: { name: string }[] }>('/health/ready')).expect(200);
    expect(ready.modules.map(({ name }) => name)).toContain('${module}');
  });`;
}

/** Who may not come in is told so before anything is looked at. */
function guardedSpec(routes: readonly ModuleRoute[]): string[] {
  const guarded = routes.filter(({ roles }) => roles !== 'everybody');
  if (guarded.length === 0) return [];
  const rows = guarded.map((route) => `['${route.method}', '${concrete(route.path)}'],`);
  const closed = guarded.filter((route) => OPERATORS.includes(roleOf(route)) && !mayOutsiders(route));
  const refused = closed.map((route) => `['${route.method}', '${concrete(route.path)}'],`);
  return [
    `it.each([${rows.join('\n')}])('%s %s wants a token', async (method, path) => {
    expect((await app.anybody().send(method, path)).status).toBe(401);
  });`,
    ...(refused.length > 0
      ? [
          `it.each([${refused.join('\n')}])('%s %s is not for everybody with a token', async (method, path) => {
    expect((await (await app.as(OUTSIDER)).send(method, path)).status).toBe(403);
  });`,
        ]
      : []),
  ];
}

/** What a client can make without knowing anything that is there. */
const isCreating = ({ method, path, body }: ModuleRoute) =>
  method === 'POST' && !path.includes(':') && body !== undefined;

function madeSpec(made: ModuleRoute, routes: readonly ModuleRoute[]): string {
  const reads = readingOf(made, routes);
  const claims = [
    made.keyed ? 'does it once for each key' : 'does it',
    ...(reads ? ['what was made can be read'] : []),
  ];
  const once = made.keyed
    ? `const key = { 'idempotency-key': newKey() };
    const made = (await client.post('${made.path}', body, key)).expect(${made.status});
    expect((await client.post('${made.path}', body, key)).expect(${made.status})).toEqual(made);`
    : `${reads ? 'const made = ' : ''}(await client.post('${made.path}', body)).expect(${made.status});`;
  return `it('POST ${made.path} ${claims.join(', and ')}', async () => {
    const client = await app.as(${roleText(made)});
    const body = ${JSON.stringify(made.body)};
    ${once}${reads ?? ''}
  });`;
}

/** Where a route finds what another one has made, by what that has answered. */
function readingOf(made: ModuleRoute, routes: readonly ModuleRoute[]): string | undefined {
  const id = made.fields.find((field) => routes.some((route) => isReading(route, made, field)));
  if (id === undefined) return undefined;
  const { status } = routes.find((route) => isReading(route, made, id))!;
  return `
    const { ${id} } = made as { ${id}: string };
    expect((await client.get(\`${made.path}/\${${id}}\`)).expect(${status})).toMatchObject({ ${id} });`;
}

const isReading = ({ method, path }: ModuleRoute, made: ModuleRoute, field: string) =>
  method === 'GET' && path === `${made.path}/:${field}`;

const roleOf = ({ roles }: ModuleRoute) =>
  roles === 'everybody' ? OPERATORS[0]! : (OPERATORS.find((role) => roles.includes(role)) ?? roles[0]!);
/** The name that survives a rename, where there is one. */
const roleText = (route: ModuleRoute) => (OPERATORS[0] === roleOf(route) ? 'OPERATOR' : `'${roleOf(route)}'`);
const mayOutsiders = ({ roles }: ModuleRoute) =>
  roles !== 'everybody' && roles.some((role) => !OPERATORS.includes(role));
const concrete = (path: string) => path.replaceAll(/:\w+/g, SOME_ID);
