import { DataSource } from 'typeorm';
import { OperatorError } from '../coded-error.js';
import { LONG_STATEMENT_TIMEOUT_MS, sessionConfig } from '../connection/connection.js';
import { urlsOf } from '../connection/urls.js';

/** A column that cannot be compared. */
class ComputedColumn extends OperatorError {
  constructor(name: string) {
    super(
      'LIFTOUT_COMPUTED_COLUMN',
      `${name} is computed by the database, which an entity cannot be compared with: compute it when it is read, or keep the table without an entity.`,
    );
  }
}

interface MappedSchema {
  /** The module that owns the schema; also the schema's name. */
  module: string;
  /** Connection URL of the module's role. */
  url: string;
  entities: readonly (new () => object)[];
}

/** SQL, in the order in which it is run. It names no schema, as migrations do not. */
export interface Drift {
  up: string[];
  /** Takes back what `up` does. */
  down: string[];
}

/** What TypeORM is told of every module's schema: its own tables need no extension of PostgreSQL. */
export const NO_EXTENSIONS = { uuidExtension: 'pgcrypto', installExtensions: false } as const;

/**
 * The statements that a migrated schema lacks to be what the entities of its module say, as TypeORM's schema builder finds
 * them. Both lists are empty where the two agree. A table without an entity is none of its business, so those of the
 * platform are left alone; so are views.
 *
 * @throws ComputedColumn where a table of an entity has a column that the database computes
 * @example const { up } = await entityDrift({ module: 'letters', url, entities: [Letter] });
 */
export async function entityDrift({ module, url, entities }: MappedSchema): Promise<Drift> {
  if (entities.length === 0) return { up: [], down: [] };
  const source = new DataSource({
    type: 'postgres',
    url: urlsOf(url)[0]!,
    schema: module,
    entities: [...entities],
    poolSize: 1,
    ...NO_EXTENSIONS,
    extra: sessionConfig({
      application_name: `liftout:${module}:drift`,
      settings: { search_path: module },
      statementTimeoutMs: LONG_STATEMENT_TIMEOUT_MS,
    }),
  });
  await source.initialize();
  try {
    for (const metadata of source.entityMetadatas) if (metadata.tableType === 'view') metadata.synchronize = false;
    await refuseComputed(source);
    const { upQueries, downQueries } = await source.driver.createSchemaBuilder().log();
    const text = ({ query }: { query: string }) => query.replaceAll(`"${module}".`, '').trim();
    return { up: upQueries.map(text), down: downQueries.map(text).reverse() };
  } finally {
    await source.destroy();
  }
}

/** TypeORM compares such columns by a table of its own, which no module has. */
async function refuseComputed(source: DataSource): Promise<void> {
  const tables = source.entityMetadatas.map(({ tableName }) => tableName);
  const [computed] = await source.query<{ name: string }[]>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = ANY ($1) AND is_generated = 'ALWAYS'`,
    [tables],
  );
  const declared = source.entityMetadatas.flatMap(({ name, columns }) =>
    columns.filter(({ asExpression }) => asExpression).map(({ propertyPath }) => `${name}.${propertyPath}`),
  );
  const name = computed?.name ?? declared[0];
  if (name !== undefined) throw new ComputedColumn(name);
}
