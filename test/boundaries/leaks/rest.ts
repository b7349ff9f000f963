import type { Leak } from '../leak.js';

const leak = (rule: string, kind: string, file: string, code: string, more: Partial<Leak> = {}): Leak => ({
  kind,
  rule,
  file,
  code: `${code}\n`,
  ...more,
});

/** Handing on what one may not import oneself. */
export const LAUNDERING: readonly Leak[] = [
  leak(
    'contracts-are-plain',
    'contracts that re-export the inside',
    'modules/billing/contracts/inside.ts',
    `export * from '../billing.entity.js'; // leak`,
  ),
  leak(
    'contracts-are-plain',
    'contracts that type the inside',
    'modules/billing/contracts/inside-type.ts',
    `import type { Billing } from '../billing.entity.js'; // leak\nexport type Leaked = Billing;`,
  ),
  leak(
    'contracts-are-plain',
    'contracts that import a package',
    'modules/billing/contracts/package.ts',
    `import { Injectable } from '@nestjs/common'; // leak\nexport const leaked = Injectable;`,
  ),
  leak(
    'contracts-are-plain',
    'contracts that import Node',
    'modules/billing/contracts/node.ts',
    `import { randomUUID } from 'node:crypto'; // leak\nexport const leaked = randomUUID;`,
  ),
  leak(
    'contracts-are-plain',
    'contracts that import the platform',
    'modules/billing/contracts/platform.ts',
    `import { Database } from '../../../src/platform/index.js'; // leak\nexport type Leaked = Database;`,
  ),
  leak(
    'contracts-are-plain',
    "contracts that hand on another module's",
    'modules/billing/contracts/handed-on.ts',
    `export { StockMoved } from '../../stock/contracts/index.js'; // leak`,
  ),
  leak(
    'contracts-are-plain',
    "contracts that import and hand on another module's",
    'modules/billing/contracts/renamed.ts',
    `import { StockMoved } from '../../stock/contracts/index.js';\nexport { StockMoved as Moved }; // leak`,
  ),
  leak(
    'definition-is-plain',
    'the definition helper that hands on more',
    'src/platform/messaging/define.ts',
    `export { Database } from '../database.js'; // leak\nexport const defineCommand = (name: string, spec: object) => class { static readonly spec = [name, spec]; };\nexport const defineEvent = defineCommand;\nexport const defineQuery = defineCommand;`,
    { alone: true },
  ),
  leak('only-contracts', 'a barrel', 'modules/billing/barrel.ts', `export * from '../stock/index.js'; // leak`, {
    around: { 'modules/stock/index.ts': `export * from './stock.entity.js';\n` },
  }),
  leak(
    'src-names-no-module',
    'a helper of the platform',
    'src/platform/helper.ts',
    `export * from '../../modules/stock/stock.entity.js'; // leak`,
  ),
  leak(
    'tests-use-the-front-door',
    'a helper of the tests',
    'test/support/helper.ts',
    `export * from '../../modules/stock/stock.entity.js'; // leak`,
  ),
  leak(
    'no-tests-in-production',
    'a helper of the tests, in production',
    'src/platform/from-tests.ts',
    `export * from '../../test/support/plain.js'; // leak`,
    { also: ['platform-stands-alone'], around: { 'test/support/plain.ts': 'export const plain = 1;\n' } },
  ),
  leak(
    'only-module-files',
    'the shell that imports more of a module',
    'src/modules.ts',
    `export { Stock } from '../modules/stock/stock.entity.js'; // leak`,
    { alone: true, also: ['dead-module'] },
  ),
];

export const SPECS: readonly Leak[] = [
  leak(
    'only-contracts',
    'a spec',
    'modules/billing/leak.spec.ts',
    `import { secret } from '../stock/secret.js'; // leak\nexport const leaked = secret;`,
  ),
  leak(
    'only-contracts',
    'jest.mock',
    'modules/billing/mock.spec.ts',
    `import { jest } from '@jest/globals';\n\njest.mock('../stock/secret.js'); // leak`,
  ),
  leak(
    'only-contracts',
    'jest.mock under another name',
    'modules/billing/alias.spec.ts',
    `import { jest as mocks } from '@jest/globals';\n\nmocks.doMock('../stock/secret.js'); // leak`,
  ),
  leak(
    'only-contracts',
    'jest.requireActual',
    'modules/billing/actual.spec.ts',
    `import { jest } from '@jest/globals';\n\nexport const leaked = jest.requireActual('../stock/secret.js'); // leak`,
  ),
  leak(
    'only-contracts',
    'jest.unstable_mockModule',
    'modules/billing/mock-module.spec.ts',
    `import { jest } from '@jest/globals';\n\njest.unstable_mockModule('../stock/secret.js', () => ({})); // leak`,
  ),
  leak(
    'undeclared-dependency',
    'a spec that uses contracts nobody declared',
    'modules/billing/undeclared.spec.ts',
    `import { OrderMoved } from '../order/contracts/index.js'; // leak\nexport const leaked = OrderMoved;`,
  ),
  leak(
    'spec-surface',
    'a spec that uses the inside of the platform',
    'modules/billing/platform.spec.ts',
    `import { start } from '../../src/platform/start.js'; // leak\nexport const leaked = start;`,
  ),
  leak(
    'spec-surface',
    'a spec that uses test/',
    'modules/billing/support.spec.ts',
    `import { plain } from '../../test/support/plain.js'; // leak\nexport const leaked = plain;`,
    { around: { 'test/support/plain.ts': 'export const plain = 1;\n' } },
  ),
  leak(
    'tests-use-the-front-door',
    'a test of the inside',
    'test/acceptance/inside.spec.ts',
    `import { Stock } from '../../modules/stock/stock.entity.js'; // leak\nexport const leaked = Stock;`,
  ),
  leak(
    'tests-use-the-front-door',
    'a fixture of a test',
    'test/acceptance/fixtures/inside.ts',
    `import { Stock } from '../../../modules/stock/stock.entity.js'; // leak\nexport const leaked = Stock;`,
  ),
  leak(
    'tests-use-the-front-door',
    'a test that mocks the inside',
    'test/acceptance/mock.spec.ts',
    `import { jest } from '@jest/globals';\n\njest.mock('../../modules/stock/stock.entity.js'); // leak`,
  ),
  leak(
    'tests-use-test-support',
    'a test of the inside of the platform',
    'test/acceptance/platform.spec.ts',
    `import { start } from '../../src/platform/start.js'; // leak\nexport const leaked = start;`,
  ),
  leak(
    'no-tests-in-production',
    'a spec in production',
    'modules/billing/uses-spec.ts',
    `import './billing.spec.js'; // leak\nexport const leaked = 1;`,
  ),
  leak(
    'only-contracts',
    "a spec of another module's contracts",
    'modules/billing/uses-other-spec.ts',
    `import '../stock/stock.spec.js'; // leak\nexport const leaked = 1;`,
    { also: ['no-tests-in-production'] },
  ),
];

export const PACKAGES: readonly Leak[] = [
  leak(
    'npm-unlisted',
    'a package that is not listed',
    'modules/billing/unlisted.ts',
    `import { Subject } from 'rxjs'; // leak\nexport const leaked = Subject;`,
  ),
  leak(
    'npm-unlisted',
    'a package of a package, for its types',
    'modules/billing/transitive.ts',
    `import type { Ajv } from 'uid'; // leak\nexport type Leaked = Ajv;`,
  ),
  leak(
    'npm-dev-in-production',
    'a devDependency in production',
    'modules/billing/dev.ts',
    `import { expect } from '@jest/globals'; // leak\nexport const leaked = expect;`,
  ),
  leak(
    'unresolvable',
    'a package that is not there',
    'modules/billing/missing.ts',
    `import { nothing } from 'not-installed'; // leak\nexport const leaked = nothing;`,
  ),
  leak(
    'unresolvable',
    'a file that is not there',
    'modules/billing/missing-file.ts',
    `import { nothing } from './nothing.js'; // leak\nexport const leaked = nothing;`,
  ),
  leak(
    'unresolvable',
    'a data: import',
    'modules/billing/data.ts',
    `export const leaked = () => import('data:text/javascript,export default 1'); // leak`,
  ),
  leak(
    'no-build-output',
    'what was built',
    'modules/billing/built.ts',
    `import { stock } from '../../dist/modules/stock/stock.entity.js'; // leak\nexport const leaked = stock;`,
    { around: { 'dist/modules/stock/stock.entity.js': 'export const stock = 1;\n' } },
  ),
  leak('nested-packages', 'packages inside of a module', 'modules/billing/node_modules', '', {
    around: { 'modules/billing/node_modules/leak/index.js': 'export {};\n' },
  }),
];
