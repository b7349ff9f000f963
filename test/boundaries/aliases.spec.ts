import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Reported } from './gate.js';
import { makeTree, places, removeTrees, violationsOf } from './gate.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

const SECRET = 'export const secret = 1;\n';
const using = (specifier: string) => `import { secret } from '${specifier}';\n\nexport const leaked = secret;\n`;

describe('another name for a path', () => {
  let found: Reported[];

  beforeAll(async () => {
    const root = makeTree({
      'modules/stock/secret.ts': SECRET,
      'modules/billing/by-alias.ts': using('@stock/secret'),
      'modules/billing/by-base.ts': using('modules/stock/secret'),
      'modules/billing/by-subpath.ts': using('#stock/secret'),
      'modules/billing/by-self.ts': using('shop/stock/secret'),
      'modules/billing/by-workspace.ts': using('@shop/stock/secret.ts'),
      'modules/billing/by-link.ts': using('./linked.js'),
      'modules/billing/by-folder.ts': using('./linked-folder/secret.js'),
      'modules/billing/by-type.ts': `export type Leaked = typeof import('@stock/secret');\n`,
      'modules/stock/package.json': '{ "name": "@shop/stock", "type": "module" }\n',
    });
    configure(root);
    linkPackages(root);
    symlinkSync('../stock/secret.ts', join(root, 'modules/billing/linked.ts'));
    symlinkSync('../stock', join(root, 'modules/billing/linked-folder'));
    found = await violationsOf(root);
  });

  it.each([
    ['an alias of tsconfig.json', 'by-alias.ts:1 only-contracts'],
    ['the base of tsconfig.json', 'by-base.ts:1 only-contracts'],
    ['#imports of package.json', 'by-subpath.ts:1 only-contracts'],
    ['the name of the package itself', 'by-self.ts:1 only-contracts'],
    ['a workspace', 'by-workspace.ts:1 only-contracts'],
    ['a linked file', 'by-link.ts:1 only-contracts'],
    ['a file in a linked folder', 'by-folder.ts:1 only-contracts'],
    ['an alias in a type', 'by-type.ts:1 only-contracts'],
    ['the linked file itself', 'linked.ts:1 link-out'],
    ['the linked folder itself', 'linked-folder:1 link-out'],
  ])('is reported: %s', (_, place) => {
    expect(places(found)).toContain(`modules/billing/${place}`);
  });
});

function configure(root: string): void {
  edit(root, 'tsconfig.json', (config) => {
    Object.assign(config['compilerOptions'] as object, {
      baseUrl: '.',
      ignoreDeprecations: '6.0',
      paths: { '@stock/*': ['./modules/stock/*'] },
    });
  });
  edit(root, 'package.json', (manifest) => {
    Object.assign(manifest, {
      workspaces: ['modules/*'],
      imports: { '#stock/*': './modules/stock/*.ts' },
      exports: { './stock/*': './modules/stock/*.ts' },
    });
  });
}

function edit(root: string, path: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
  change(json);
  write(root, path, JSON.stringify(json));
}

/** As npm installs a workspace: a folder of packages, with a link to the module among them. */
function linkPackages(root: string): void {
  const folder = join(root, 'node_modules');
  const packages = readdirSync(folder);
  rmSync(folder);
  for (const name of packages) link(join(process.cwd(), 'node_modules', name), join(folder, name));
  link(join(root, 'modules/stock'), join(folder, '@shop/stock'));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
