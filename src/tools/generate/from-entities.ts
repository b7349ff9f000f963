import type { Type } from '@nestjs/common';
import { readConfig } from '../../config.js';
import { commonDatabase } from '../../database.js';
import { contextOptions } from '../../platform/bounded-context.js';
import type { Drift } from '../../platform/schema/entity-drift.js';
import { entityDrift } from '../../platform/schema/entity-drift.js';
import type { TestDatabase } from '../../platform/testing/database.js';
import { testDatabase } from '../../platform/testing/database.js';
import { metadataLeaks } from '../../platform/testing/gates/metadata-check.js';
import { fail } from '../lib/cli.js';

/**
 * The statements that the migrations of a module lack, found in a database of its own that is gone afterwards, on the server of
 * development: the embedded one, unless there is a `DATABASE_URL`.
 *
 * @throws UsageError when there are none, or an entity reaches into what is not its module's
 */
export async function missingStatements(type: Type): Promise<Drift> {
  const { name: module, entities = [] } = contextOptions(type)!;
  const leaks = await metadataLeaks([type]);
  if (leaks.length > 0) fail(`${leaks.join('\n')}\nNothing was written.`);
  const config = readConfig(process.env, [type], { terminal: false, serves: false, talks: false });
  if (config.production) fail('A migration is written in development, where databases may be made: unset NODE_ENV.');
  const server = await commonDatabase(config, (line) => void process.stderr.write(`${line}\n`));
  try {
    const database = await testDatabase([type], server.adminUrl);
    const drift = await driftIn(database, module, entities);
    if (drift.up.length === 0)
      fail(`The tables of ${module} are what its entities say: there is nothing to migrate, and nothing was written.`);
    return drift;
  } finally {
    await server.release();
  }
}

async function driftIn({ urls, drop }: TestDatabase, module: string, entities: readonly (new () => object)[]) {
  try {
    return await entityDrift({ module, url: urls.get(module)!, entities });
  } finally {
    await drop();
  }
}

const TAKES_AWAY = /\bDROP (?:COLUMN|TABLE)\b/;

/** What a person has to see to before such a migration is released. */
export function beforeRelease({ up }: Drift, path: string): string {
  const losing = up.filter((statement) => TAKES_AWAY.test(statement));
  const lines = [`Read ${path}: a new column that may not be empty needs a default where there are rows.`];
  if (losing.length > 0)
    lines.push(
      `It loses data, and the version before it cannot live with it:`,
      ...losing.map((statement) => `  ${statement}`),
      'In steps instead: docs/guides/database-and-migrations.md',
    );
  return lines.join('\n');
}
