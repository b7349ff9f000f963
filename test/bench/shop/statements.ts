import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** The setting of a server on which {@link Counter} works; it is read when the server starts. */
export const COUNTED = `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`;

const IDLE_MS = 3000;

/** What one order costs the server. */
export interface Price {
  statements: number;
  commits: number;
  /** The statements that were executed most often, with how often for each order. */
  texts: string;
}

/** Counts the statements that a server executes in one database. What is executed as well when nobody orders is left out. */
export class Counter {
  constructor(private readonly pool: pg.Pool) {}

  /** @param work places so many orders */
  async price(orders: number, work: () => Promise<unknown>): Promise<Price> {
    const idle = await this.#count(() => delay(IDLE_MS));
    const busy = await this.#count(work);
    const idlePerMs = new Map(idle.calls.map(([query, calls]) => [query, calls / idle.ms]));
    const calls = busy.calls
      .map(([query, all]): [string, number] => [query, (all - (idlePerMs.get(query) ?? 0) * busy.ms) / orders])
      .filter(([, each]) => each > 0)
      .sort(([, a], [, b]) => b - a);
    const sum = (which: typeof calls) => which.reduce((all, [, each]) => all + each, 0);
    const texts = calls.slice(0, 60).map(([query, each]) => `${each.toFixed(2).padStart(8)}  ${query.slice(0, 120)}`);
    const commits = sum(calls.filter(([query]) => query === 'COMMIT'));
    return { statements: sum(calls), commits, texts: texts.join('\n') };
  }

  async #count(work: () => Promise<unknown>): Promise<{ calls: [string, number][]; ms: number }> {
    await this.pool.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await this.pool.query('SELECT pg_stat_statements_reset()');
    const began = performance.now();
    await work();
    const ms = performance.now() - began;
    const text = `
      SELECT regexp_replace(query, '\\s+', ' ', 'g') AS query, sum(calls)::float8 AS calls
        FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid AND d.datname = current_database()
       WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY 1`;
    const { rows } = await this.pool.query<{ query: string; calls: number }>(text);
    return { calls: rows.map(({ query, calls }) => [query, calls]), ms };
  }
}
