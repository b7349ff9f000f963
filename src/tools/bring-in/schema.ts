import type { EntityMetadata, QueryRunner } from 'typeorm';
import { DataSource, Table, TableForeignKey } from 'typeorm';
import { fail } from '../lib/cli.js';

type Entity = new () => object;

/** Types of extensions, which the role of a module cannot create. */
const OF_EXTENSIONS = new Set(['citext', 'hstore', 'geometry', 'geography', 'cube', 'ltree', 'vector', 'halfvec']);

/**
 * The statements by which TypeORM makes the tables of entities, and those that take them away. No database is asked.
 *
 * @param reserved tables that the platform has in each schema
 * @throws UsageError when an entity needs more than its own tables
 */
export async function statementsFor(
  entities: readonly Entity[],
  reserved: readonly string[],
): Promise<{ up: string[]; down: string[] }> {
  // Without an extension: PostgreSQL has gen_random_uuid() by itself.
  const source = new DataSource({ type: 'postgres', entities: [...entities], uuidExtension: 'pgcrypto' });
  await (source as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  for (const metadata of source.entityMetadatas) refuseUnfit(metadata, reserved);
  const runner = source.createQueryRunner();
  // It would ask the database, which is empty.
  Object.assign(runner, { hasEnumType: () => Promise.resolve(false) });
  runner.enableSqlMemory();
  await makeTables(source, runner);
  const { upQueries, downQueries } = runner.getMemorySql();
  return {
    up: upQueries.map(({ query }) => query.trim()),
    down: downQueries.map(({ query }) => query.trim()).reverse(),
  };
}

/** All tables first: those that refer to each other have no order. */
async function makeTables({ entityMetadatas, driver }: DataSource, runner: QueryRunner): Promise<void> {
  const tables = entityMetadatas.map((metadata) => ({ metadata, table: Table.create(metadata, driver) }));
  for (const { table } of tables) await runner.createTable(table, false, false, true);
  for (const { metadata, table } of tables)
    for (const key of metadata.foreignKeys) await runner.createForeignKey(table, TableForeignKey.create(key, driver));
}

function refuseUnfit(
  { name, tableName, tableType, schema, database, columns }: EntityMetadata,
  reserved: readonly string[],
): void {
  if (schema || database)
    fail(`${name} names a schema or database: leave it out, its tables are in that of its module.`);
  if (tableType === 'view')
    fail(`${name} is a view: write its migration by hand, and leave it out of forFeature until then.`);
  if (reserved.includes(tableName))
    fail(`${name} is kept in ${tableName}, a table of the platform: give it another name, as in @Entity('…').`);
  for (const { propertyName, asExpression, type } of columns) {
    if (asExpression) fail(`${name}.${propertyName} is computed by the database: write its migration by hand.`);
    if (OF_EXTENSIONS.has(String(type)))
      fail(
        `${name}.${propertyName} is ${String(type)}, which needs an extension that the role of a module cannot create: choose another type.`,
      );
  }
}
