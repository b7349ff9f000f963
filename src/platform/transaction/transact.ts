import type { PoolClient } from 'pg';
import type { Database } from './database.js';
import { UnitOfWork } from './unit-of-work.js';

/**
 * Runs `work` in a transaction of a module of its own, for what the platform does in its tables.
 * @throws whatever `work` throws, with nothing done
 */
export async function transact<T>(
  { module, dataSource }: Pick<Database, 'module' | 'dataSource'>,
  work: (client: PoolClient, unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  const unit = new UnitOfWork(module, dataSource);
  try {
    const result = await work(await unit.client(), unit);
    await unit.commit();
    return result;
  } catch (error) {
    await unit.rollback();
    throw error;
  }
}
