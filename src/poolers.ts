import { randomUUID } from 'node:crypto';
import type { Type } from '@nestjs/common';
import type { Config } from './config.js';
import { contextOptions } from './platform/bounded-context.js';
import { BoundedClient, sessionConfig } from './platform/connection/connection.js';
import { DatabaseUnusable, reachable } from './servers.js';
import { variableOf } from './topology.js';

/**
 * Makes sure that the poolers in front of the modules' databases do what the modules need: the role's settings hold in their
 * sessions, and a statement that was prepared is there in the next transaction.
 *
 * @throws DatabaseUnusable saying what a pooler lacks
 */
export async function checkPoolers({ poolerUrls, prepared }: Config, modules: readonly Type[]): Promise<void> {
  for (const module of modules.map((each) => contextOptions(each)!.name)) {
    const url = poolerUrls.get(module);
    const problem = url && (await reachable(url, () => problemOf(url, module, prepared)));
    if (problem)
      throw new DatabaseUnusable('LIFTOUT_DATABASE_POOLER', `${variableOf(module, 'DATABASE_URL')}: ${problem}`);
  }
}

async function problemOf(url: string, module: string, prepared: boolean): Promise<string | undefined> {
  const session = sessionConfig({ application_name: `liftout:${module}:pooler`, pooled: true, prepared });
  const client = new BoundedClient({ connectionString: url, ...session });
  await client.connect();
  try {
    // A pooler that knows about prepared statements gives them names of its own, the same for all of its clients.
    const name = `liftout-${randomUUID()}`;
    const text = `SELECT current_schema() AS schema, EXISTS (SELECT FROM pg_prepared_statements WHERE name = $1) AS kept`;
    const { rows } = await client.query<{ schema: string | null; kept: boolean }>({ name, text, values: [name] });
    const { schema, kept } = rows[0]!;
    if (kept) return NO_PREPARED;
    return schema === module ? undefined : noSettings(module);
  } finally {
    await client.end();
  }
}

const NO_PREPARED =
  'this pooler gives statements that were prepared to whoever comes next: expected PgBouncer 1.21 or later with ' +
  'max_prepared_statements, or DATABASE_PREPARED=off.';

const noSettings = (module: string) =>
  `the sessions of this pooler do not have the settings of the role of ${module}: run "npm run db -- provision ${module}", ` +
  'and have the pooler open its connections anew (RECONNECT).';
