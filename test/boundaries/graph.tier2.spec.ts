import { afterAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, places, removeTrees, violationsOf } from './gate.js';
import { write } from './synthetic-tree.js';

afterAll(removeTrees);

/** In the clean tree each module asks the one before it, and hears the events of the one after. */
const asksStock = (code: string) => ({
  'modules/billing/step-1.ts': `${code}\n\nexport class Step1Handler {}\n`,
  'modules/stock/contracts/stock-events.ts': `import { z } from 'zod';\nimport { defineEvent } from '../../../src/platform/messaging/define.js';\nimport { FindStock } from './stock-messages.js';\n\nexport const Asking = FindStock;\nexport class StockMoved extends defineEvent('stock.stock-moved.v1', { payload: z.object({ id: z.string() }) }) {}\n`,
});

describe('a cycle of modules', () => {
  it.each([
    [
      'asks with a query',
      `import { FindStock } from '../stock/contracts/index.js';\n\nexport const asked = FindStock;`,
    ],
    [
      'asks with a command',
      `import { MoveStock as Move } from '../stock/contracts/stock-messages.js';\n\nexport const asked = Move;`,
    ],
    [
      'names a query as a type',
      `import type { FindStock } from '../stock/contracts/index.js';\n\nexport type Asked = FindStock;`,
    ],
    [
      'asks through a namespace',
      `import * as stock from '../stock/contracts/index.js';\n\nexport const asked = stock.FindStock;`,
    ],
    ['takes all of the contracts', `export * from '../stock/contracts/index.js';`],
    [
      'asks by another name for a query',
      `import { Asking } from '../stock/contracts/index.js';\n\nexport const asked = Asking;`,
    ],
    ['loads the contracts', `export const asked = await import('../stock/contracts/index.js');`],
  ])('is reported where a module %s of one that asks it', async (_, code) => {
    const found = await violationsOf(makeTree(asksStock(code)));
    const line = code.split('\n').findIndex((each) => each.includes('../stock/')) + 1;
    expect(places(found.filter(({ rule }) => rule === 'module-cycle'))).toEqual([
      `modules/billing/step-1.ts:${line} module-cycle`,
      'modules/stock/step-1.ts:5 module-cycle',
    ]);
    expect(found[0]!.message).toContain('billing → stock → billing');
  });

  it('is allowed where one of them hears events only, and takes schemas and types', async () => {
    const code = `import * as stock from '../stock/contracts/index.js';\nimport { type StockMoved } from '../stock/contracts/index.js';\n\nexport const heard = stock.StockMoved;\nexport type Heard = StockMoved;`;
    const root = makeTree(asksStock(code));
    expect(await violationsOf(root)).toEqual([]);
  });

  it('is reported along its whole way', async () => {
    const root = makeTree({
      'modules/order/ring.ts': `import { FindStock } from '../stock/contracts/index.js';\n\nexport const asked = FindStock;\n`,
    });
    const found = (await violationsOf(root)).filter(({ rule }) => rule === 'module-cycle');
    expect(places(found)).toEqual([
      'modules/billing/step-1.ts:5 module-cycle',
      'modules/order-item/step-1.ts:5 module-cycle',
      'modules/order/ring.ts:1 module-cycle',
      'modules/stock/step-1.ts:5 module-cycle',
    ]);
  });
});

describe('a cycle of files', () => {
  it('is reported at each of its imports', async () => {
    const root = makeTree({
      'modules/billing/a.ts': `import { b } from './b.js';\n\nexport const a: string = b;\n`,
      'modules/billing/b.ts': `export const b = '';\nimport { a } from './a.js';\nexport type A = typeof a;\n`,
      'src/platform/one.ts': `import type { Two } from './two.js';\n\nexport type One = Two;\n`,
      'src/platform/two.ts': `import type { One } from './one.js';\n\nexport type Two = One;\n`,
    });
    const found = (await violationsOf(root)).filter(({ rule }) => rule === 'no-file-cycle');
    expect(places(found)).toEqual([
      'modules/billing/a.ts:1 no-file-cycle',
      'modules/billing/b.ts:2 no-file-cycle',
      'src/platform/one.ts:1 no-file-cycle',
      'src/platform/two.ts:1 no-file-cycle',
    ]);
    expect(found[0]!.message).toContain('modules/billing/b.ts → modules/billing/a.ts.');
  });

  it('is none where only types of the same module close it', async () => {
    const root = makeTree({
      'modules/billing/a.ts': `import { b } from './b.js';\n\nexport const a: string = b;\n`,
      'modules/billing/b.ts': `export const b = '';\nimport { type a } from './a.js';\nexport type A = typeof a | import('./a.js').a;\n`,
    });
    expect((await violationsOf(root)).filter(({ rule }) => rule === 'no-file-cycle')).toEqual([]);
  });

  it('is reported when it leads through another module', async () => {
    const root = makeTree({
      'modules/billing/a.ts': `import '../stock/b.js';\n`,
      'modules/stock/b.ts': `import '../billing/a.js';\n`,
    });
    const found = await violationsOf(root);
    expect(places(found)).toContain('modules/billing/a.ts:1 no-file-cycle');
    expect(places(found)).toContain('modules/stock/b.ts:1 no-file-cycle');
  });
});

describe('dead code', () => {
  it('is a module that the application does not know', async () => {
    const root = makeTree();
    const shell = join(root, 'src/modules.ts');
    write(
      root,
      'src/modules.ts',
      readFileSync(shell, 'utf8')
        .replace(/^import .*stock.*\n/m, '')
        .replace(/, StockModule/, ''),
    );
    expect(places(await violationsOf(root))).toEqual(['src/modules.ts:1 dead-module']);
  });

  it('is a file that nothing uses, and one that only specs use', async () => {
    const root = makeTree({
      'modules/billing/forgotten.ts': 'export const forgotten = 1;\n',
      'modules/billing/island.ts': `import { shore } from './shore.js';\n\nexport const island = shore;\n`,
      'modules/billing/shore.ts': 'export const shore = 1;\n',
      'modules/billing/shore.spec.ts': `import { expect, it } from '@jest/globals';\nimport { shore } from './shore.js';\n\nit('is there', () => expect(shore).toBe(1));\n`,
      'src/platform/unused.ts': `import { start } from './start.js';\n\nexport const unused = start;\n`,
    });
    expect(places(await violationsOf(root))).toEqual([
      'modules/billing/forgotten.ts:1 dead-code',
      'modules/billing/forgotten.ts:1 orphan',
      'modules/billing/island.ts:1 dead-code',
      'modules/billing/shore.ts:1 dead-code',
      'src/platform/unused.ts:1 dead-code',
    ]);
  });
});
