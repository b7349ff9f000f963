import type { Leak } from '../leak.js';

const SECRET = 'export const secret = 1;\n';
const inside = (kind: string, path: string, around: Leak['around'] = {}): Leak => ({
  kind,
  code: `import { z } from 'zod';\nimport { secret } from '${path}'; // leak\n\nexport const leaked = [z, secret];\n`,
  rule: 'only-contracts',
  around,
});

/** Ways to write the path. */
export const PATHS: readonly Leak[] = [
  inside('a relative path', '../stock/secret.js'),
  inside('a path with the extension of the source', '../stock/secret.ts'),
  inside('a path without extension', '../stock/secret'),
  inside('a detour through contracts', '../stock/contracts/../secret.js'),
  inside('a detour through the own module', './contracts/../../stock/secret.js'),
  inside('a detour through src', '../../src/../modules/stock/secret.js'),
  inside('doubled slashes', '..//stock//secret.js'),
  { ...inside('a query after the path', '../stock/secret.js?fresh'), also: ['unresolvable'] },
  inside("another module's module file", '../stock/stock.module.js', {}),
  inside("another module's entity", '../stock/stock.entity.js'),
  inside("another module's migration", '../stock/migrations/1790000000000-stock.js'),
  inside('a folder named contracts further inside', '../stock/internal/contracts/secret.js', {
    'modules/stock/internal/contracts/secret.ts': SECRET,
  }),
  inside('a folder whose name only begins with contracts', '../stock/contracts-draft/secret.js', {
    'modules/stock/contracts-draft/secret.ts': SECRET,
  }),
  inside('a file named contracts', '../stock/contracts.js', { 'modules/stock/contracts.ts': SECRET }),
  inside('a folder nobody thought of', '../stock/misc/secret.js', { 'modules/stock/misc/secret.ts': SECRET }),
  inside('a hidden folder', '../stock/.tools/secret.js', { 'modules/stock/.tools/secret.ts': SECRET }),
  inside('the index of a module', '../stock/index.js', { 'modules/stock/index.ts': SECRET }),
  {
    ...inside('a fixture of another module', '../stock/fixtures/secret.js', {
      'modules/stock/fixtures/secret.ts': SECRET,
    }),
    also: ['no-tests-in-production'],
  },
  {
    ...inside('a folder that is imported by itself', '../stock-keeping'),
    around: { 'modules/stock-keeping/index.json': '{}\n' },
  },
  {
    kind: 'a JSON file',
    code: `import secret from '../stock/secret.json' with { type: 'json' }; // leak\n\nexport const leaked = secret;\n`,
    rule: 'only-contracts',
  },
  {
    kind: "another module's manifest",
    code: `import manifest from '../stock/module.json' with { type: 'json' }; // leak\n\nexport const leaked = manifest;\n`,
    rule: 'only-contracts',
  },
  {
    kind: 'a module whose name begins with the own one',
    file: 'modules/order/leak-to-longer-name.ts',
    code: `import { OrderItem } from '../order-item/order-item.entity.js'; // leak\n\nexport const leaked = OrderItem;\n`,
    rule: 'only-contracts',
  },
  {
    kind: 'a module whose name is the beginning of the own one',
    file: 'modules/order-item/leak-to-shorter-name.ts',
    code: `import { Order } from '../order/order.entity.js'; // leak\n\nexport const leaked = Order;\n`,
    rule: 'only-contracts',
  },
  {
    kind: 'a file of contracts that were not declared',
    code: `import type { OrderMoved } from '../order/contracts/order-events.js'; // leak\n\nexport type Leaked = OrderMoved;\n`,
    rule: 'undeclared-dependency',
  },
  {
    kind: 'a folder nobody thought of, as the place that leaks',
    file: 'modules/billing/.tools/leak.ts',
    code: `import { secret } from '../../stock/secret.js'; // leak\n\nexport const leaked = secret;\n`,
    rule: 'only-contracts',
  },
  {
    kind: 'a file of no module, imported',
    code: `import { helper } from '../helper.js'; // leak\n\nexport const leaked = helper;\n`,
    rule: 'only-contracts',
    around: { 'modules/helper.ts': 'export const helper = 1;\n' },
  },
  {
    kind: 'the inside of the platform',
    code: `import { start } from '../../src/platform/start.js'; // leak\n\nexport const leaked = start;\n`,
    rule: 'platform-surface',
  },
  {
    kind: "the platform's test support in production",
    code: `import { eventually } from '../../src/platform/testing/index.js'; // leak\n\nexport const leaked = eventually;\n`,
    rule: 'platform-surface',
    also: ['no-tests-in-production'],
  },
  {
    kind: 'a module named by the platform',
    file: 'src/platform/leak.ts',
    code: `import { Stock } from '../../modules/stock/stock.entity.js'; // leak\n\nexport const leaked = Stock;\n`,
    rule: 'src-names-no-module',
  },
  {
    kind: 'contracts of a module named by the platform',
    file: 'src/platform/leak-contracts.ts',
    code: `import type { StockMoved } from '../../modules/stock/contracts/index.js'; // leak\n\nexport type Leaked = StockMoved;\n`,
    rule: 'src-names-no-module',
  },
  {
    kind: 'another module in a domain further inside',
    file: 'modules/billing/pricing/domain/stock.ts',
    code: `import { StockMoved } from '../../../stock/contracts/index.js'; // leak\n\nexport const leaked = StockMoved;\n`,
    rule: 'domain-is-pure',
  },
  {
    kind: 'a handler, imported by a domain',
    file: 'modules/billing/domain/handler.ts',
    code: `import { Step1Handler } from '../step-1.js'; // leak\n\nexport const leaked = Step1Handler;\n`,
    rule: 'domain-is-pure',
  },
  {
    kind: 'the database of the platform in a domain',
    file: 'modules/billing/domain/database.ts',
    code: `import { Database } from '../../../src/platform/index.js'; // leak\n\nexport const leaked = Database;\n`,
    rule: 'domain-is-pure',
  },
];
