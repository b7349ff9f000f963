import type { Leak } from '../leak.js';

const leak = (rule: string, kind: string, code: string, more: Partial<Leak> = {}): Leak => ({
  kind,
  rule,
  code: `${code}\n`,
  ...more,
});
const container = (kind: string, code: string, more?: Partial<Leak>) => leak('container', kind, code, more);
const entity = (kind: string, code: string, more?: Partial<Leak>) => leak('entity-of-another', kind, code, more);
const sql = (kind: string, code: string) =>
  leak('sql-of-another', kind, `import { Database } from '../../src/platform/index.js';\n\n${code}`);
const shared = (kind: string, code: string) =>
  leak('shared-in-database', kind, `import { Database } from '../../src/platform/index.js';\n\n${code}`);
const path = (kind: string, code: string, more?: Partial<Leak>) => leak('path-of-another', kind, code, more);
const http = (kind: string, code: string) => leak('http-to-ourselves', kind, code);
const environment = (kind: string, code: string, more?: Partial<Leak>) => leak('environment', kind, code, more);
const globally = (kind: string, code: string, more?: Partial<Leak>) => leak('shared-global', kind, code, more);
const privates = (kind: string, code: string, more?: Partial<Leak>) => leak('platform-privates', kind, code, more);

const CONTAINER: readonly Leak[] = [
  container(
    'a text as token',
    `import { Inject } from '@nestjs/common';\n\nexport class Leaked {\n  constructor(@Inject('STOCK') readonly stock: object) {} // leak\n}`,
    {
      around: { 'modules/stock/provides.ts': `export const provider = { provide: 'STOCK', useValue: {} };\n` },
    },
  ),
  container(
    'a constant text as token',
    `import { Inject as Take } from '@nestjs/common';\n\nconst TOKEN = 'STO' + 'CK';\n\nexport class Leaked {\n  @Take(TOKEN) stock!: object; // leak\n}`,
  ),
  container(
    'a text as token of a factory',
    `export const leaked = {\n  provide: 'BILLING',\n  useFactory: (stock: object) => stock,\n  inject: ['STOCK'], // leak\n};`,
  ),
  container(
    'a text as token for ModuleRef',
    `import { ModuleRef } from '@nestjs/core';\n\nexport const leaked = (moduleRef: ModuleRef) => moduleRef.get('STOCK'); // leak`,
  ),
  container(
    'ModuleRef that is not strict',
    `import { ModuleRef } from '@nestjs/core';\n\nexport const leaked = (ref: ModuleRef, type: new () => object) => ref.get(type, { strict: false }); // leak`,
  ),
  container(
    'ModuleRef with options from elsewhere',
    `import { ModuleRef } from '@nestjs/core';\n\nconst everywhere = { strict: !1 }; // leak\nexport const leaked = (ref: ModuleRef, type: new () => object) => ref.resolve(type, undefined, everywhere);`,
  ),
  container(
    '@Global()',
    `import { Global, Module } from '@nestjs/common';\n\n@Global() // leak\n@Module({})\nexport class Leaked {}`,
  ),
  container(
    '@Global() under another name',
    `import * as nest from '@nestjs/common';\n\n@nest.Global() // leak\n@nest.Module({})\nexport class Leaked {}`,
  ),
  container('global: true', `export const leaked = {\n  module: class {},\n  global: true, // leak\n};`),
  container(
    'a guard for everybody',
    `import { APP_GUARD } from '@nestjs/core'; // leak\n\nexport const leaked = APP_GUARD;`,
  ),
  container(
    'a walk through the container',
    `import { ModulesContainer } from '@nestjs/core'; // leak\n\nexport class Leaked {\n  constructor(readonly all: ModulesContainer) {}\n}`,
  ),
  container(
    'a service in the contracts of another module',
    `import { Injectable } from '@nestjs/common';\nimport { StockReader } from '../stock/contracts/reader.js';\n\n@Injectable()\nexport class Leaked {\n  constructor(readonly reader: StockReader) {} // leak\n}`,
    {
      around: { 'modules/stock/contracts/reader.ts': 'export class StockReader {}\n' },
    },
  ),
  leak(
    'context-of-another',
    'the context of another module',
    `import { BoundedContext } from '../../src/platform/index.js';\n\n@BoundedContext({ name: 'stock', contracts: {}, providers: [] }) // leak\nexport class Leaked {}`,
  ),
  leak(
    'message-of-another',
    'a message of another module, defined again',
    `import { z } from 'zod';\nimport { defineEvent } from '../../src/platform/index.js';\n\nexport class StockMoved extends defineEvent('stock.stock-moved.v1', { key: 'id', payload: z.object({ id: z.string() }) }) {} // leak`,
  ),
  ...[
    ['an event of another module, published', `events.publish(new StockMoved({ id: '1' }))`],
    ['an event of another module by a name, among others', `events.publishAll([made as never])`],
    ['an event of another module as it was heard', `events.publish(heard)`],
    [
      'an event of another module, or one of its own',
      `events.publish(heard ? new StockMoved({ id: '1' }) : undefined!)`,
    ],
  ].map(([kind, publish]) =>
    leak(
      'message-of-another',
      kind!,
      `import { EventBus } from '@nestjs/cqrs';\nimport { StockMoved } from '../stock/contracts/index.js';\n\nconst made = new StockMoved({ id: '2' });\nexport function leaked(events: EventBus, heard: StockMoved) {\n  ${publish}; // leak\n  return [made, heard];\n}`,
    ),
  ),
  leak(
    'message-of-another',
    'a message of another module, by name',
    `export const leaked = (type: string) => type === 'stock.stock-moved.v1'; // leak`,
  ),
];

const ENTITIES: readonly Leak[] = [
  entity(
    'a relation by name',
    `import { Entity, ManyToOne } from 'typeorm';\n\n@Entity('bill')\nexport class Bill {\n  @ManyToOne('Stock') // leak\n  stock!: object;\n}`,
  ),
  entity(
    'a relation by the name of a table',
    `import { Entity, OneToOne } from 'typeorm';\n\n@Entity('bill_two')\nexport class BillTwo {\n  @OneToOne(() => 'stock') // leak\n  stock!: object;\n}`,
  ),
  entity(
    'a repository by name',
    `import type { EntityManager } from 'typeorm';\n\nexport const leaked = (manager: EntityManager) => manager.getRepository('Stock'); // leak`,
  ),
  entity(
    'a query builder by name',
    `import type { EntityManager } from 'typeorm';\n\nexport const leaked = (manager: EntityManager) => manager.createQueryBuilder().select().from('stock', 's'); // leak`,
  ),
  entity(
    'a query builder by qualified name',
    `import type { EntityManager } from 'typeorm';\n\nexport const leaked = (manager: EntityManager) => manager.createQueryBuilder('stock.stock', 's'); // leak`,
  ),
  entity(
    'a join by name',
    `import type { EntityManager } from 'typeorm';\n\nexport const leaked = (manager: EntityManager) => manager.createQueryBuilder().innerJoin('Stock', 's'); // leak`,
  ),
  entity(
    'a find by name',
    `import type { EntityManager } from 'typeorm';\n\nexport const leaked = (manager: EntityManager) => manager.find('Stock'); // leak`,
  ),
  entity(
    'the schema of another module',
    `import { Entity } from 'typeorm';\n\n@Entity({ name: 'stock', schema: 'stock' }) // leak\nexport class StockAgain {}`,
  ),
  entity(
    'the table of another module',
    `import { Entity } from 'typeorm';\n\n@Entity('stock.stock') // leak\nexport class StockOnceMore {}`,
  ),
  entity(
    'a schema of entities with a target by name',
    `import { EntitySchema } from 'typeorm';\n\nexport const leaked = new EntitySchema({\n  name: 'bill',\n  columns: {},\n  relations: { stock: { type: 'many-to-one', target: 'Stock' } }, // leak\n});`,
  ),
  entity(
    'a foreign key by API',
    `import { TableForeignKey } from 'typeorm';\n\nexport const leaked = new TableForeignKey({\n  columnNames: ['id'],\n  referencedColumnNames: ['id'],\n  referencedTableName: 'stock.stock', // leak\n});`,
  ),
  entity(
    'a schema by API',
    `import type { QueryRunner } from 'typeorm';\n\nexport const leaked = (runner: QueryRunner) => runner.dropSchema('stock', true, true); // leak`,
  ),
  entity(
    'a connection of its own',
    `import { DataSource } from 'typeorm'; // leak\n\nexport const leaked = new DataSource({ type: 'postgres' });`,
  ),
  leak('own-database-only', 'a driver of its own', `import pg from 'pg'; // leak\n\nexport const leaked = pg;`, {
    also: ['npm-unlisted'],
  }),
];

const SQL: readonly Leak[] = [
  sql(
    'raw SQL',
    `export const leaked = (database: Database) => database.sql('SELECT * FROM stock.stock', []); // leak`,
  ),
  sql(
    'raw SQL with quotes',
    `export const leaked = (database: Database) => database.sql('SELECT "order-item"."order_item".id FROM "order-item"."order_item"', []); // leak`,
  ),
  sql(
    'raw SQL on a later line',
    'export const leaked = (database: Database) =>\n  database.sql(\n    `SELECT bill.id\n       FROM bill\n       JOIN stock.stock s USING (id)`, // leak\n    [],\n  );',
  ),
  ...[
    ['reads', 'SELECT title FROM stock WHERE id = $1'],
    ['reads, in small letters,', 'select title from "stock" as s where id = $1'],
    ['joins', 'SELECT 1 FROM billing b LEFT JOIN stock s ON s.id = b.id'],
    ['lists', 'SELECT 1 FROM billing AS b, stock WHERE b.id = $1'],
    ['writes', 'INSERT INTO stock (id) VALUES ($1)'],
    ['changes', 'UPDATE ONLY order_item SET title = $1'],
    ['deletes by', 'DELETE FROM billing USING stock WHERE billing.title = $1'],
    ['alters', 'ALTER TABLE IF EXISTS stock ADD COLUMN more text'],
    ['refers to', 'CREATE TABLE bill (id uuid REFERENCES stock (id))'],
    ['puts an index on', 'CREATE INDEX ON stock (id)'],
  ].map(([what, text]) =>
    sql(
      `SQL that ${what} a table without its schema`,
      `export const leaked = (database: Database) => database.sql('${text}', []); // leak`,
    ),
  ),
  sql(
    'SQL on a table without its schema, on a later line',
    'export const leaked = (database: Database) =>\n  database.sql(\n    `WITH b AS (SELECT id FROM billing)\n     SELECT b.id\n       FROM b\n       JOIN stock USING (id)`, // leak\n    [],\n  );',
  ),
  sql(
    'SQL on a table without its schema, by a name',
    `const all = 'from order_item select 1';\nconst read = { all: 'table stock' };\nexport const leaked = (database: Database) => [database.sql(read.all, []), all]; // leak`,
  ),
  sql(
    'SQL in a template',
    'export const leaked = (database: Database, id: string) => database.sql(`DELETE FROM stock.stock WHERE id = ${id}`, []); // leak',
  ),
  sql(
    'SQL with the schema in a constant',
    `const SCHEMA = 'stock';\nexport const leaked = (database: Database) => database.sql(\`SELECT * FROM \${SCHEMA}.stock\`, []); // leak`,
  ),
  sql(
    'SQL with a computed schema',
    'export const leaked = (database: Database, schema: string) => database.sql(`INSERT INTO ${schema}.stock VALUES (1)`, []); // leak',
  ),
  sql(
    'SQL put together',
    `export const leaked = (database: Database) => database.sql('UPDATE ' + ['stock', 'stock'].join('.') + ' SET title = 1', []); // leak`,
  ),
  sql(
    'SQL in a table of constants',
    `const TABLES = { stock: 'stock.stock' } as const;\nexport const leaked = (database: Database) => database.sql(\`SELECT * FROM \${TABLES.stock}\`, []); // leak`,
  ),
  sql(
    'a function of another schema',
    `export const leaked = (database: Database) => database.sql('SELECT stock.secret(1)', []); // leak`,
  ),
  sql(
    'a foreign key across schemas',
    `export const leaked = (database: Database) => database.sql('CREATE TABLE bill (id uuid REFERENCES stock.stock (id))', []); // leak`,
  ),
  sql(
    'a view across schemas',
    `export const leaked = (database: Database) => database.sql('CREATE VIEW bills AS SELECT * FROM bill, stock.stock', []); // leak`,
  ),
  sql(
    'a grant',
    `export const leaked = (database: Database) => database.sql('GRANT SELECT ON bill TO stock_role', []); // leak`,
  ),
  sql(
    'the public schema',
    `export const leaked = (database: Database) => database.sql('CREATE TABLE public.bill (id uuid)', []); // leak`,
  ),
  sql(
    'search_path',
    `export const leaked = (database: Database) => database.sql('SET LOCAL search_path TO stock', []); // leak`,
  ),
  sql('SET ROLE', `export const leaked = (database: Database) => database.sql('SET ROLE shop_stock', []); // leak`),
  sql('SET SCHEMA', `export const leaked = (database: Database) => database.sql("SET SCHEMA 'stock'", []); // leak`),
  sql(
    'SET ROLE with a comment between',
    `export const leaked = (database: Database) => database.sql('set /* who */ local -- I am\\n "role" = shop_stock', []); // leak`,
  ),
  sql('RESET ALL', `export const leaked = (database: Database) => database.sql('RESET ALL', []); // leak`),
  sql(
    'a table moved to another schema',
    `export const leaked = (database: Database) => database.sql('ALTER TABLE bill SET SCHEMA stock', []); // leak`,
  ),
  sql(
    'DDL on another schema',
    `export const leaked = (database: Database) => database.sql('DROP SCHEMA stock CASCADE', []); // leak`,
  ),
  sql(
    'SQL in small letters, by a name',
    `const all = 'select id from stock.stock';\nexport const leaked = (database: Database) => database.sql(all, []); // leak`,
  ),
  sql(
    'SQL for an EXECUTE',
    `export const leaked = (database: Database) => database.sql("DO $$ BEGIN EXECUTE 'DELETE FROM stock.stock'; END $$", []); // leak`,
  ),
  shared(
    'a channel without the name of the module',
    `export const leaked = (database: Database) => database.sql('NOTIFY moved', []); // leak`,
  ),
  shared(
    "another module's channel",
    `export const leaked = (database: Database) => database.sql("SELECT pg_notify('stock.moved', $1)", ['1']); // leak`,
  ),
  shared(
    'an advisory lock',
    `export const leaked = (database: Database) => database.sql('SELECT pg_advisory_xact_lock(42)', []); // leak`,
  ),
  shared(
    'an advisory lock on any text',
    `export const leaked = (database: Database) => database.sql('SELECT pg_try_advisory_lock(hashtext($1))', ['x']); // leak`,
  ),
  leak(
    'sql-of-another',
    'an SQL file',
    `CREATE TABLE bill (id uuid);\nINSERT INTO bill SELECT id FROM stock.stock; -- // leak`,
    { file: 'modules/billing/migrations/leak.sql' },
  ),
];

const PATHS: readonly Leak[] = [
  path(
    'readFileSync',
    `import { readFileSync } from 'node:fs';\n\nexport const leaked = readFileSync('../stock/secret.json', 'utf8'); // leak`,
  ),
  path(
    'readFileSync from the root',
    `import { readFileSync } from 'node:fs';\n\nexport const leaked = readFileSync('modules/stock/secret.json', 'utf8'); // leak`,
  ),
  path(
    'a joined path',
    `import { join } from 'node:path';\n\nexport const leaked = join(import.meta.dirname, '..', 'stock', 'secret.json'); // leak`,
  ),
  path(
    'a joined path from a constant',
    `import { dirname, resolve } from 'node:path';\nimport { fileURLToPath } from 'node:url';\n\nconst here = dirname(fileURLToPath(import.meta.url));\nexport const leaked = resolve(here, '../stock', 'secret.json'); // leak`,
  ),
  path(
    'a path to all modules',
    `import { readdirSync } from 'node:fs';\nimport { join } from 'node:path';\n\nexport const leaked = readdirSync(join(import.meta.dirname, '..')); // leak`,
  ),
  path(
    'a Worker',
    `import { Worker } from 'node:worker_threads';\n\nexport const leaked = new Worker(new URL('../stock/secret.js', import.meta.url)); // leak`,
  ),
  path(
    'a Worker from what was built',
    `import { Worker } from 'node:worker_threads';\n\nexport const leaked = new Worker('./dist/modules/stock/secret.js'); // leak`,
  ),
  path('a glob over all modules', `export const leaked = { pattern: 'modules/*/secret.json' }; // leak`),
  path('a glob beside the module', `export const leaked = { pattern: '../*/*.entity.js' }; // leak`),
  path(
    'a file of the platform',
    `import { readFileSync } from 'node:fs';\n\nexport const leaked = readFileSync(new URL('../../src/main.ts', import.meta.url)); // leak`,
  ),
  path(
    'a module, found by the platform',
    `export const leaked = (name: string) => \`\${name}/modules/stock/secret.js\`; // leak`,
    { file: 'src/platform/finder.ts' },
  ),
  path(
    'a template from the own place',
    'import { readFileSync } from "node:fs";\n\nexport const leaked = readFileSync(`${import.meta.dirname}/../stock/secret.json`); // leak',
  ),
  path(
    'a sum from the own place',
    `import { fileURLToPath } from 'node:url';\n\nexport const leaked = fileURLToPath(import.meta.url) + '/../../stock/secret.json'; // leak`,
  ),
  path(
    'the own place, with another name in it',
    `export const leaked = import.meta.url.replace('billing', 'stock'); // leak`,
  ),
  path(
    'a URL of a URL',
    `export const leaked = new URL('stock/secret.json', new URL('../', import.meta.url)); // leak`,
  ),
  path(
    'the working directory',
    `import { join } from 'node:path';\n\nexport const leaked = join(process.cwd(), 'modules', 'stock', 'secret.json'); // leak`,
  ),
  path(
    'a folder that is known at run time',
    `import { join } from 'node:path';\n\nexport const leaked = (root: string) => join(root, 'modules/stock', 'secret.json'); // leak`,
  ),
  path(
    'a constant that is opened',
    `import * as fs from 'node:fs';\n\nconst FOLDER = '../stock';\nexport const leaked = fs.readdirSync(FOLDER); // leak`,
  ),
  leak(
    'only-contracts',
    'an import from the own place',
    `import { join } from 'node:path';\n\nexport const leaked = import(join(import.meta.dirname, '../stock/secret.js')); // leak`,
    { also: ['path-of-another'] },
  ),
  leak(
    'hidden-import',
    'a computed import of the platform',
    'export const leaked = (name: string) => import(`../../modules/${name}/secret.js`); // leak',
    { file: 'src/platform/loader.ts' },
  ),
];

const RUNNING: readonly Leak[] = [
  http('HTTP to 127.0.0.1', `const BASE = 'http://127.0.0.1:' + 3000; // leak\nexport const leaked = BASE;`),
  http(
    'HTTP by host',
    `import { request } from 'node:http';\n\nexport const leaked = () => request({ host: 'localhost', port: 3000 }); // leak`,
  ),
  http("another module's route", 'export const leaked = (base: string) => fetch(`${base}/v1/stock/1`); // leak'),
  environment('process.env in brackets', `export const leaked = process['env']; // leak`),
  environment('process as a value', `const { env } = process; // leak\nexport const leaked = env;`),
  environment('process of globalThis', `export const leaked = globalThis.process.env; // leak`),
  environment('node:process', `import { env } from 'node:process'; // leak\n\nexport const leaked = env;`),
  environment(
    "another module's variable",
    `import { z } from 'zod';\n\nexport const leaked = {\n  STOCK_DATABASE_URL: z.string(), // leak\n};`,
  ),
  environment('the secret of the seam', `export const leaked = ['SEAM_SECRET']; // leak`),
  globally('globalThis', `export const leaked = () => (globalThis as { stock?: object }).stock; // leak`),
  globally(
    'a member of globalThis',
    `declare const word: string;\nexport const leaked = () => { globalThis['stock' as never] = word as never; }; // leak`,
  ),
  globally('global', `declare const global: { stock?: object };\nexport const leaked = () => global.stock; // leak`),
  globally(
    'Object.assign to globalThis',
    `export const leaked = () => Object.assign(globalThis, { stock: 1 }); // leak`,
  ),
  globally('a patched prototype', `export const leaked = () => { Array.prototype.at = () => undefined; }; // leak`),
  globally(
    'a patched class of another module',
    `import { StockMoved } from '../stock/contracts/index.js';\n\nObject.assign(StockMoved.prototype, { secret: 1 }); // leak\nexport {};`,
  ),
  globally('BroadcastChannel', `export const leaked = new BroadcastChannel('stock'); // leak`),
  privates(
    'a private of the database',
    `import { Database } from '../../src/platform/index.js';\n\nexport class Leaked {\n  constructor(private readonly database: Database) {}\n  all() {\n    return this.database['pool']; // leak\n  }\n}`,
  ),
  privates(
    'the data source of the database',
    `import type { Database } from '../../src/platform/index.js';\n\nexport const leaked = (database: Database) => (database as never as { dataSource: object }).dataSource; // leak`,
  ),
  privates(
    'every event of the process',
    `import { EventBus } from '@nestjs/cqrs';\n\nexport class Leaked {\n  constructor(events: EventBus) {\n    events.subject$.subscribe(); // leak\n  }\n}`,
  ),
  privates(
    'a method of the bus, replaced',
    `import { CommandBus } from '@nestjs/cqrs';\n\nexport class Leaked {\n  constructor(private readonly commands: CommandBus) {\n    this.commands.execute = async () => undefined as never;\n    this.commands.register([]); // leak\n  }\n}`,
  ),
];

/** Ways that need no import. */
export const NO_IMPORT: readonly Leak[] = [...CONTAINER, ...ENTITIES, ...SQL, ...PATHS, ...RUNNING];
