import type pg from 'pg';

/** Setting of a server on which {@link Counter} works. */
export const counted = `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`;

/** What is asked once in a while whether there are orders or not: polls and upkeep. */
const UPKEEP = ['watch-idle', 'parked-glance', 'saga-next-timeout'];

/** Counts the statements that a server executes in one database. */
export class Counter {
  constructor(private readonly pool: pg.Pool) {}

  async reset(): Promise<void> {
    await this.pool.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await this.pool.query('SELECT pg_stat_statements_reset()');
  }

  /** What was executed since {@link reset}, for each of so many orders. */
  async read(orders: number): Promise<{ perOrder: number; commits: number; texts: string }> {
    const text = `
      SELECT calls::float8 AS calls, regexp_replace(query, '\\s+', ' ', 'g') AS query
        FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid AND d.datname = current_database()
       WHERE query NOT LIKE '%pg_stat_statements%' ORDER BY calls DESC`;
    const { rows } = await this.pool.query<{ calls: number; query: string }>(text);
    const sum = (which: typeof rows) => which.reduce((all, { calls }) => all + calls, 0) / orders;
    const lines = rows.map(({ calls, query }) => `${(calls / orders).toFixed(2).padStart(8)}  ${query.slice(0, 140)}`);
    return {
      perOrder: sum(rows),
      commits: sum(rows.filter(({ query }) => query === 'COMMIT')),
      texts: lines.slice(0, 60).join('\n'),
    };
  }
}
void UPKEEP;
