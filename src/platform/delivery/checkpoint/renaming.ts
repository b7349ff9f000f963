import type { ClientBase } from 'pg';
import { ContractViolation } from '../../messaging/errors.js';
import type { Database } from '../../transaction/database.js';
import { transact } from '../../transaction/transact.js';
import type { Consumer } from '../consumer/consumer.js';
import { notify } from '../feed/outbox-watch.js';

/** Where a consumer's name stands: checkpoint, covered set, retry table. */
const TABLES = ['consumer_progress', 'consumer_type', 'parked_message', 'shelved_message'] as const;

/**
 * Gives a consumer what was stored under its former name, in one transaction that waits for the batches under way. An alias
 * stays behind: replicas that still use the former name go on with the same rows. The producers are told with the next
 * report, see `retention.ts`.
 *
 * Nothing happens where it was done before, nor where the new name was itself given up for another one since.
 *
 * @throws ContractViolation when both names have a checkpoint of their own: there is nothing to take over any more
 */
export async function takeOver(database: Database, { declared }: Consumer, formerly: string): Promise<void> {
  if (await isSettled(database.shared, declared, formerly)) return;
  const renamed = await transact(database, async (client) => {
    await client.query('LOCK TABLE consumer_alias IN SHARE ROW EXCLUSIVE MODE');
    if (await isSettled(client, declared, formerly)) return false;
    if (await bothExist(client, declared, formerly))
      throw new ContractViolation(
        'LIFTOUT_CONSUMER_NAME_TAKEN',
        `${declared} was formerly ${formerly}, but both have progress of their own. Remove formerly, or the progress that is not wanted: npm run deliveries -- forget.`,
      );
    for (const table of TABLES)
      await client.query(`UPDATE ${table} SET consumer = $1 WHERE consumer = $2`, [declared, formerly]);
    await client.query('UPDATE consumer_alias SET name = $1 WHERE name = $2', [declared, formerly]);
    await client.query('INSERT INTO consumer_alias (former, name) VALUES ($2, $1)', [declared, formerly]);
    return true;
  });
  if (renamed) await notify(database.pool, database.module, 'progress');
}

async function isSettled(
  client: Pick<Database['shared'], 'query'>,
  declared: string,
  formerly: string,
): Promise<boolean> {
  const text = 'SELECT EXISTS (SELECT FROM consumer_alias WHERE former IN ($1, $2)) AS settled';
  return (await client.query<{ settled: boolean }>(text, [declared, formerly])).rows[0]!.settled;
}

/** Locks what is there. */
async function bothExist(client: ClientBase, declared: string, formerly: string): Promise<boolean> {
  const text = `SELECT consumer FROM consumer_progress WHERE consumer IN ($1, $2)
                 ORDER BY consumer, producer, parts, part FOR UPDATE`;
  const { rows } = await client.query<{ consumer: string }>(text, [declared, formerly]);
  return new Set(rows.map(({ consumer }) => consumer)).size === 2;
}

/** Has consumers that another version has renamed go by the name under which they are stored. */
export async function adoptNames(consumers: readonly Consumer[], databases: readonly Database[]): Promise<void> {
  for (const { module, pool } of databases) {
    const { rows } = await pool.query<{ former: string; name: string }>('SELECT former, name FROM consumer_alias');
    const names = new Map(rows.map(({ former, name }) => [former, name]));
    for (const consumer of consumers)
      if (consumer.module === module) consumer.name = names.get(consumer.declared) ?? consumer.declared;
  }
}
