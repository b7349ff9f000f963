import type { Leak } from '../leak.js';

const inside = (kind: string, code: string, file?: string): Leak => ({
  kind,
  code: `${code}\n`,
  rule: 'only-contracts',
  ...(file && { file }),
});
const hidden = (kind: string, code: string, file?: string): Leak => ({
  ...inside(kind, code, file),
  rule: 'hidden-import',
});
const ambient = (kind: string, code: string, file?: string): Leak => ({
  ...inside(kind, code, file),
  rule: 'ambient-declaration',
});

/** Ways to write the import. */
export const FORMS: readonly Leak[] = [
  inside('import type', `import type { Secret } from '../stock/secret.js'; // leak\nexport type Leaked = Secret;`),
  inside('an inline type', `import { type Secret } from '../stock/secret.js'; // leak\nexport type Leaked = Secret;`),
  inside('the default export', `import secret from '../stock/secret.js'; // leak\nexport const leaked = secret;`),
  inside('a namespace', `import * as stock from '../stock/secret.js'; // leak\nexport const leaked = stock;`),
  inside('a side effect', `export {};\nimport '../stock/secret.js'; // leak`),
  inside('import() as a type', `export let leaked: import('../stock/secret.js').Secret; // leak`),
  inside(
    'import() in a generic',
    `export const leaked = new Map<string, Array<import('../stock/secret.js').Secret>>(); // leak`,
  ),
  inside(
    'import() in a return type',
    `export async function leaked(): Promise<import('../stock/secret.js').Secret> { // leak\n  return { word: '' };\n}`,
  ),
  inside('typeof import()', `export type Leaked = typeof import('../stock/secret.js'); // leak`),
  inside('a re-export', `export { secret } from '../stock/secret.js'; // leak`),
  inside('export * as', `export * as stock from '../stock/secret.js'; // leak`),
  inside('export type', `export type { Secret } from '../stock/secret.js'; // leak`),
  inside('export type *', `export type * from '../stock/secret.js'; // leak`),
  inside('a dynamic import', `export const leaked = () => import('../stock/secret.js'); // leak`),
  inside('a dynamic import of a template', 'export const leaked = () => import(`../stock/secret.js`); // leak'),
  {
    ...inside(
      'a dynamic import of a constant',
      `const PATH = '../stock/' + 'secret.js';\nexport const leaked = () => import(PATH); // leak`,
    ),
    also: ['path-of-another'],
  },
  hidden(
    'a dynamic import of a computed path',
    'export const leaked = (name: string) => import(`../stock/${name}.js`); // leak',
  ),
  hidden('a dynamic import of a parameter', 'export const leaked = (path: string) => import(path); // leak'),
  inside('several lines', `import {\n  secret,\n} from '../stock/secret.js'; // leak\nexport const leaked = secret;`),
  inside(
    'import =',
    `import secret = require('../stock/secret.js'); // leak\nexport = secret;`,
    'modules/billing/import-equals.cts',
  ),
  inside(
    'export import =',
    `export import secret = require('../stock/secret.js'); // leak`,
    'modules/billing/export-import.cts',
  ),
  inside('require', `export const leaked = require('../stock/secret.js'); // leak`, 'modules/billing/require.cts'),
  inside(
    'require in JavaScript',
    `exports.leaked = require('../stock/secret.js'); // leak`,
    'modules/billing/require.cjs',
  ),
  inside('require.resolve', `export const leaked = require.resolve('../stock/secret.js'); // leak`),
  inside(
    'module.require',
    `export const leaked = module.require('../stock/secret.js'); // leak`,
    'modules/billing/module-require.cts',
  ),
  hidden('require of a computed path', `export const leaked = (name: string) => require('../stock/' + name); // leak`),
  hidden('require under another name', `const load = require; // leak\nexport const leaked = load('./own.js');`),
  {
    ...hidden(
      'createRequire',
      `import { createRequire } from 'node:module';\nexport const leaked = createRequire(import.meta.url)('../stock/secret.js'); // leak`,
    ),
    also: ['no-back-door', 'path-of-another'],
  },
  {
    ...inside('createRequire of Node', `import * as loader from 'node:module'; // leak\nexport const leaked = loader;`),
    rule: 'no-back-door',
  },
  {
    ...inside('getBuiltinModule', `export const leaked = process.getBuiltinModule('module'); // leak`),
    rule: 'environment',
  },
  inside('import.meta.resolve', `export const leaked = import.meta.resolve('../stock/secret.js'); // leak`),
  hidden('new Function', `export const leaked = new Function('return import("../stock/secret.js")'); // leak`),
  inside('a triple slash path', `/// <reference path="../stock/secret.ts" />\nexport const leaked = 1;`),
  inside('a triple slash path beside it', `/// <reference path='../stock/secret.ts'/>\nexport const leaked = 2;`),
  inside('an AMD dependency', `/// <amd-dependency path="../stock/secret.js" />\nexport const leaked = 1;`),
  inside('JSDoc @type', `/** @type {import('../stock/secret.js').Secret} */ // leak\nexport const leaked = 1;`),
  inside(
    'JSDoc @param',
    `/**\n * @param {import("../stock/secret.js").Secret} secret // leak\n */\nexport function leaked(secret) {}`,
    'modules/billing/doc.js',
  ),
  inside(
    'JSDoc @import',
    `/** @import { Secret } from '../stock/secret.js' */ // leak\nexport const leaked = 1;`,
    'modules/billing/doc-import.js',
  ),
  inside(
    'JSDoc at nothing',
    `export const leaked = 1;\n/** @typedef {import('../stock/secret.js').Secret} Secret */ // leak`,
  ),
  inside(
    'an augmentation of another module',
    `export {};\ndeclare module '../stock/secret.js' { // leak\n  interface Secret {\n    more: string;\n  }\n}`,
  ),
  ambient(
    'an augmentation of contracts',
    `export {};\ndeclare module '../stock/contracts/index.js' { // leak\n  interface More {\n    more: string;\n  }\n}`,
  ),
  ambient(
    'an augmentation of a package',
    `export {};\ndeclare module 'typeorm' { // leak\n  interface More {\n    more: string;\n  }\n}`,
  ),
  ambient(
    'an ambient module',
    `declare module 'stock-secret' { // leak\n  export const secret: string;\n}`,
    'modules/billing/ambient-module.d.ts',
  ),
  ambient(
    'a declaration file without imports',
    `interface StockSecret {\n  word: string;\n}`,
    'modules/billing/everywhere.d.ts',
  ),
  ambient(
    'export as namespace',
    `export const secret: string;\nexport as namespace StockSecret; // leak`,
    'modules/billing/namespace.d.ts',
  ),
  inside(
    '.tsx',
    `import { secret } from '../stock/secret.js'; // leak\nexport const leaked = <b>{secret}</b>;`,
    'modules/billing/view.tsx',
  ),
  inside(
    '.jsx',
    `import { secret } from '../stock/secret.js'; // leak\nexport const leaked = <b>{secret}</b>;`,
    'modules/billing/old-view.jsx',
  ),
  inside(
    'the JSX runtime',
    `/** @jsxImportSource ../stock/secret.js */ // leak\nexport const leaked = 1;`,
    'modules/billing/pragma.tsx',
  ),
  inside(
    '.mts',
    `import { secret } from '../stock/secret.js'; // leak\nexport const leaked = secret;`,
    'modules/billing/more.mts',
  ),
  inside(
    '.cts',
    `import type { Secret } from '../stock/secret.js'; // leak\nexport type Leaked = Secret;`,
    'modules/billing/common.cts',
  ),
  inside(
    '.js',
    `import { secret } from '../stock/secret.js'; // leak\nexport const leaked = secret;`,
    'modules/billing/plain.js',
  ),
  inside('.mjs', `export { secret } from '../stock/secret.js'; // leak`, 'modules/billing/plain.mjs'),
  inside(
    '.d.ts',
    `import { Secret } from '../stock/secret.js'; // leak\nexport declare const leaked: Secret;`,
    'modules/billing/types.d.ts',
  ),
];
