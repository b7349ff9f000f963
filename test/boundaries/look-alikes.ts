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
import { ArchiveHttp } from './archive.http.js';
import { Names } from './names.js';
import { others } from './other.js';
import type { Billing } from './billing.entity.js';

/** Not {@link ../stock/secret.js}; see modules/stock/README.md, and import('../stock/secret.js') in the docs. */
const TOKEN = Symbol('own token');
const NAME = 'BILLING_CLOCK';
export const used = [ArchiveHttp, Names, others];

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
    await this.database.position();
    await this.database.changed('stock', 1);
    this.events.publish(new BillingMoved({ id: rows[0]!.id, ...events[0] }));
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
  'modules/billing/contracts/more/values.ts': `import { z } from 'zod';
import { defineEvent } from '../../../../src/platform/messaging/define.js';
import { StockMoved } from '../../../stock/contracts/index.js';

const SHOUTED = /^[A-Z]+$/;
const CODES = new Set(['EUR', 'CHF']);
const priced = (least: number) => z.object({ amount: z.int().min(least), currency: z.string().regex(SHOUTED) });

export const Rate = z.int().min(0);
export type Rate = z.output<typeof Rate>;
export const RATES = [1, 2, 3] as const;
export const Free = priced(0);
export const More = Free.extend({ code: z.enum(['a', 'b']) });
export const PATTERN = new RegExp('^[A-Z]{3}$', 'i');
export const CURRENCIES: ReadonlySet<string> = new Set(['EUR', 'CHF']);
export const DIGITS: ReadonlyMap<string, number> = new Map([['EUR', 2]]);
export const NAMES: readonly string[] = ['one', \`two \${RATES.length}\`];
export const LIMITS: Readonly<Record<string, number>> = { stock: 3, ['more']: RATES.length };
export const DEEP = { limits: { list: [1, 2], first: RATES }, code: CODES.size } as const satisfies object;
export const FROZEN = Object.freeze(['one', 'two']);
export const Level = { low: 'low', high: 'high' } as const;
export type Level = (typeof Level)[keyof typeof Level];
export enum Colour {
  red = 'red',
}
export namespace only {
  export type Types = Rate;
}
export type Id = StockMoved['id' & keyof StockMoved];
export class Rated extends defineEvent('billing.rated.v1', { payload: z.object({ rate: Rate, moved: z.custom<StockMoved>() }) }) {
  declare readonly brand: 'rated';
}
export { priceless as Price };

const priceless = z.object({ ...Free.shape });
`,
  'modules/billing/names.ts': `import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { trace } from '@opentelemetry/api';
import { Agent } from 'undici';
import { z } from 'zod';
import type { Database } from '../../src/platform/index.js';

/** Texts that are no SQL. */
export const told = [
  'stock.csv',
  'public.pem',
  'stock.internal.example.com',
  'Could not update stock.amount from order.total, set the date.',
  'Select an item from stock.items to delete it from order.lines.',
  'Grant access to the report to finance.',
  'Set role to admin',
  'select one from stock.items',
  'Table stock.items does not exist in schema public.',
];
export const links = ['../stock', '../stock/list', './../stock/{id}/lines', 'https://example.com/modules/stock/README.md', '/modules/stock'];
export const settings = z.object({
  MAIL_API: z.url().default('http://localhost:8025/api'),
  SEARCH: z.url().default('http://127.0.0.1:9200'),
});
export const mail = { host: 'localhost', port: 25, global: true, isGlobal: true, inject: ['STOCK'], strict: false };
export const partner = async () => {
  const nowhere = new Agent();
  return await fetch('https://api.partner.example/v1/stock/1', { dispatcher: nowhere } as object);
};
export const worker = () => new Worker(new URL('./resize.worker.js', import.meta.url));
export const beside = () => new Worker(join(import.meta.dirname, 'beside.worker.js'));
export const own = () => readFileSync(join(import.meta.dirname, '../billing/migrations/schema.sql'));
export const found = (cacheRef: Map<string, object>, xref: { get(name: string): object }) => [cacheRef.get('STOCK'), xref.get('STOCK')];

@Injectable()
export class Names {
  readonly #log = new Logger('names');

  constructor(
    @Inject(ModuleRef) readonly ref: ModuleRef,
    readonly reflector: Reflector,
    private readonly database: Database,
  ) {}

  async all() {
    this.#log.debug(process.memoryUsage().rss + process.uptime());
    await this.database.sql("INSERT INTO bill VALUES ($1, 'sent from stock.csv') -- from stock.stock", [1]);
    await this.database.sql('WITH RECURSIVE stock (id) AS MATERIALIZED (SELECT 1) SELECT id FROM stock', []);
    await this.database.sql('SELECT extract(year FROM stock) FROM bill b, stock(b.id) WHERE b.at IS DISTINCT FROM stock FOR UPDATE', []);
    await this.database.sql('CREATE TABLE order_item (id uuid); INSERT INTO order_item VALUES ($1)', [1]);
    await this.database.sql('UPDATE bill stock SET "order" = $1 WHERE stock.id = $2', [1, 2]);
    await this.database.sql('NOTIFY "billing.moved"', []);
    await this.database.sql("SELECT pg_notify('billing', $1)", ['1']);
    await this.database.sql("SELECT pg_advisory_xact_lock(hashtextextended('billing.bill:' || $1, 0))", [1]);
    return trace.getTracer('billing').startSpan('all');
  }
}
`,
  'modules/billing/resize.worker.ts': `import { parentPort } from 'node:worker_threads';\nimport './worker-tool.js';\n\nparentPort?.postMessage('done');\n`,
  'modules/billing/beside.worker.ts': `import { parentPort } from 'node:worker_threads';\n\nparentPort?.postMessage('done');\n`,
  'modules/billing/worker-tool.ts': `export const tool = 1;\n`,
  'modules/billing/described.d.ts': `export interface Described {\n  it: string;\n}\n`,
  'modules/billing/described.d.mts': `export interface Described {\n  it: string;\n}\n`,
  'modules/billing/pair.ts': `import type { Other } from './other.js';\n\nexport interface Pair {\n  other: Other;\n}\n\nexport const pair = (other: Other): Pair => ({ other });\n`,
  'modules/billing/other.ts': `import { pair } from './pair.js';\n\nexport interface Other {\n  name: string;\n}\n\nexport const others = [pair({ name: 'one' })];\n`,
  'modules/billing/archive.http.ts': `import { Controller, Get } from '@nestjs/common';\n\n@Controller('v1/stock-archive')\nexport class ArchiveHttp {\n  @Get('v1/stock')\n  all() {\n    return [];\n  }\n}\n\n@Controller()\nexport class RootHttp {\n  @Get('healthy/_ops')\n  get() {}\n\n  @Get('_dev/billing/outbox')\n  show() {}\n}\n`,
  'test/acceptance/fixtures/plain.ts': `import { BillingMoved } from '../../../modules/billing/contracts/index.js';\n\nexport const moved = new BillingMoved({ id: '1' });\n`,
  'modules/billing/contracts/index.ts': `export * from './billing-events.js';\nexport * from './billing-messages.js';\nexport * from './more/values.js';\n`,
};
