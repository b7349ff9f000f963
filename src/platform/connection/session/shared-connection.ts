import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';

/**
 * One connection of a pool for short statements that come at once, as when everything starts: they share it, where the
 * pool would open one for each. It goes back when the last of them is answered, and is closed where one has failed. One
 * that waits for a lock holds up those behind it.
 */
export class SharedConnection {
  #client: Promise<PoolClient> | undefined;
  #waiting = 0;
  #failed = false;

  constructor(private readonly pool: () => Pool) {}

  /** @throws the connection's error, or the statement's */
  async query<R extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<R>> {
    const connecting = (this.#client ??= this.pool().connect());
    this.#waiting++;
    try {
      const client = await connecting;
      return await client.query<R>(text, values);
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      if (--this.#waiting === 0) this.#release(connecting);
    }
  }

  #release(connecting: Promise<PoolClient>): void {
    const failed = this.#failed;
    this.#client = undefined;
    this.#failed = false;
    void connecting.then(
      (client) => client.release(failed),
      () => undefined,
    );
  }
}
