/** Legal code that a careless check would take for a leak. Planted over files of the clean tree. */
export const LOOK_ALIKES: Readonly<Record<string, string>> = {
  'modules/billing/step-1.ts': `import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { EventBus } from '@nestjs/cqrs';
import { Database } from '../../src/platform/index.js';
import type { StockMoved } from '../stock/contracts/index.js';
import { FindOrderItem } from '../order-item/contracts/index.js';
import { BillingMoved } from './contracts/index.js';
import { price } from './domain/price.js';
import { limits } from './internal/modules/limits.js';
import type { Billing } from './billing.entity.js';

/** Not {@link ../stock/secret.js}; see modules/stock/README.md, and import('../stock/secret.js') in the docs. */
const TOKEN = Symbol('own token');
const NAME = 'BILLING_CLOCK';

export const providers = [
  { provide: TOKEN, useValue: 1 },
  { provide: NAME, useFactory: (token: number) => token, inject: [TOKEN] },
  { provide: 'RATE', useValue: 2 },
];

@Injectable()
export class Step1Handler {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
    private readonly moduleRef: ModuleRef,
    @Inject(NAME) readonly clock: object,
    @Inject('RATE') readonly rate: number,
  ) {}

  async execute(moved: StockMoved) {
    const process = (text: string) => text.trim();
    const events = [moved, new FindOrderItem({ id: '1' })];
    const rows = await this.database.sql<{ id: string }>(
      \`SELECT stock.id, "order".id, extract(year FROM stock.at) FROM bill AS stock JOIN billing.line "order" ON stock.id = "order".id\`,
      [],
    );
    await this.database.sql('WITH order_item AS (SELECT 1 AS n) SELECT order_item.n FROM order_item, lateral (SELECT 1) stock', []);
    await this.database.manager.getRepository('Billing').find();
    this.events.publish(new BillingMoved({ id: rows[0]!.id }));
    const told = \`Moved from stock. Update order; see order-item.\`;
    this.moduleRef.get(Step1Handler, { strict: true });
    return { length: events.length, told: process(told), price, limits, root: join(moved.id, '../..'), more: this.more() };
  }

  private more(step?: Billing) {
    const schema = readFileSync(new URL('./migrations/schema.sql', import.meta.url), 'utf8');
    const beside = join(import.meta.dirname, '..', 'billing', 'step-1.js');
    return { step, schema, beside, at: globalThis.performance.now(), bytes: Buffer.from('stock'), url: 'https://example.com/v1/stock' };
  }
}
`,
  'modules/billing/domain/price.ts': `import { z } from 'zod';
import { Invalid } from '../../../src/platform/index.js';
import { BillingMoved } from '../contracts/index.js';

export const price = [z.int(), Invalid, BillingMoved];
`,
  'modules/billing/internal/modules/limits.ts': `export const limits = { stock: 3, schema: 'stock', type: 'billing.billing-moved.v1', target: 'stock' };\n`,
  'modules/billing/migrations/schema.sql': 'CREATE TABLE bill (id uuid);\nCREATE INDEX ON billing.bill (id);\n',
  'modules/billing/pages.spec.ts': `import { expect, it, jest } from '@jest/globals';
import * as stock from '../stock/contracts/index.js';
import { limits } from './internal/modules/limits.js';

jest.mock('./internal/modules/limits.js');

it('answers', async () => {
  const page = await fetch('http://127.0.0.1:3000/v1/billing/1');
  expect([page, limits, stock, 'stock.stock-moved.v1']).toBeDefined();
});
`,
  'modules/billing/contracts/more/values.ts': `import { z } from 'zod';\n\nexport const Rate = z.int().min(0);\nexport const RATES = [1, 2, 3] as const;\nexport type Rate = z.output<typeof Rate>;\n`,
  'modules/billing/contracts/index.ts': `export * from './billing-events.js';\nexport * from './billing-messages.js';\nexport * from './more/values.js';\n`,
  'test/acceptance/fixtures/any.ts': `import '../../../modules/stock/stock.entity.js';\n`,
};
