import type { Type } from '@nestjs/common';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { migrate } from '../../src/platform/schema/migrate.js';
import { provision, withAdministrator } from '../../src/platform/schema/provision.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';

/** The tables of a module are gone, and made anew: empty. Nothing of it may run meanwhile. */
export async function loseTables({ adminUrl, urls }: TestDatabase, module: Type): Promise<void> {
  const { name, migrations = [] } = contextOptions(module)!;
  const url = urls.get(name)!;
  await withAdministrator(adminUrl, async (client) => {
    await client.query(`DROP SCHEMA ${name} CASCADE`);
    await provision(client, [{ module: name, url }]);
  });
  await migrate({ module: name, url, migrations });
}

/** What a consumer keeps, as of now. @returns what brings it back, all at once, also while the module runs */
export async function backUp({ adminUrl }: TestDatabase, module: string, tables: readonly string[]) {
  const copy = (table: string) => `CREATE TABLE backup_of_${module}.${table} AS TABLE ${module}.${table}`;
  await withAdministrator(adminUrl, (client) =>
    client.query([`CREATE SCHEMA backup_of_${module}`, ...tables.map(copy)].join(';')),
  );
  return async function restore(): Promise<void> {
    const back = (table: string) => `
      DELETE FROM ${module}.${table};
      INSERT INTO ${module}.${table} OVERRIDING SYSTEM VALUE SELECT * FROM backup_of_${module}.${table};`;
    await withAdministrator(adminUrl, (client) =>
      client.query(['BEGIN', ...tables.map(back), `DROP SCHEMA backup_of_${module} CASCADE`, 'COMMIT'].join(';')),
    );
  };
}
