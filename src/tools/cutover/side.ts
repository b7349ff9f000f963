import type pg from 'pg';
import { BoundedClient, LONG_STATEMENT_TIMEOUT_MS, sessionConfig } from '../../platform/connection/connection.js';
import { databaseOf, describeUrl } from '../../platform/connection/urls.js';
import { within } from './within.js';

/** The table that says how far the cut-over is; while it exists, migrations and partitions are held. */
export const STATE_TABLE = 'cutover_state';

const FREEZE_TIMEOUT_MS = 5_000;

/** Values as text have to be the same on both sides, whatever the defaults of their databases are. */
const AS_TEXT = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: 1,
  lc_monetary: 'C',
};

/** What cannot go on. Nothing is lost; the message says what is in charge and what to do. */
export class CutoverError extends Error {
  override readonly name = 'CutoverError';
}

/** One of the two databases between which a module moves: an administrator's connection, and the module's login there. */
export class Side {
  readonly place: string;
  readonly role: string;

  private constructor(
    readonly module: string,
    readonly client: BoundedClient,
    readonly adminUrl: string,
    readonly loginUrl: string,
    readonly version: number,
  ) {
    this.place = describeUrl(adminUrl);
    this.role = decodeURIComponent(new URL(loginUrl).username);
  }

  /** @throws CutoverError when it cannot be reached */
  static async open(module: string, adminUrl: string, loginUrl: string): Promise<Side> {
    const client = await connect(adminUrl);
    const { rows } = await client.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int AS version`,
    );
    return new Side(module, client, adminUrl, loginUrl, Math.floor(rows[0]!.version / 10_000));
  }

  /** What the connection was lost by, if it was. */
  get lost(): Error | undefined {
    return this.client.lost;
  }

  /** Another connection to it. */
  again(): Promise<BoundedClient> {
    return connect(this.adminUrl);
  }

  close(): Promise<void> {
    return this.client.end();
  }

  async rows<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(text, values)).rows;
  }

  async value<T>(text: string, values: unknown[] = []): Promise<T> {
    return Object.values((await this.rows(text, values))[0] ?? {})[0] as T;
  }

  id(name: string): string {
    return this.client.escapeIdentifier(name);
  }

  table(name: string): string {
    return `${this.id(this.module)}.${this.id(name)}`;
  }

  get #roleHere(): string {
    return `${this.id(this.role)} IN DATABASE ${this.id(databaseOf(this.adminUrl))}`;
  }

  /** The statement that lets the role write again, for whoever has a transaction for it. */
  get opening(): string {
    return `ALTER ROLE ${this.#roleHere} RESET default_transaction_read_only`;
  }

  /** From the next session on the role may not write. */
  async forbid(): Promise<void> {
    await this.client.query(`ALTER ROLE ${this.#roleHere} SET default_transaction_read_only = on`);
  }

  /**
   * The role may not write, and no session of it is left that could.
   * @throws Error when sessions do not end, or do not begin, within five seconds
   */
  async freeze(): Promise<void> {
    await this.forbid();
    const since = await this.value<string>('SELECT clock_timestamp()::text');
    await this.#othersComplete();
    const end = `SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity
                  WHERE usename = $1 AND datname = current_database() AND backend_start < $2::timestamptz`;
    const haveEnded = async () => (await this.value<number>(end, [this.role, since])) === 0;
    if (!(await within(FREEZE_TIMEOUT_MS, haveEnded))) throw new Error('sessions do not end');
  }

  /**
   * Waits for the sessions that begin just now. They may have read the settings of their role before it was forbidden to write, and
   * are in `pg_stat_activity` by their role only afterwards; until then they hold a lock on their database.
   */
  async #othersComplete(): Promise<void> {
    const all = `SELECT coalesce(array_agg(virtualtransaction), '{}') FROM pg_locks WHERE locktype = 'object' AND pid <> pg_backend_pid()
                    AND classid = 'pg_database'::regclass AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    let begun = await this.value<string[]>(all);
    const areComplete = await within(FREEZE_TIMEOUT_MS, async () => {
      const now = await this.value<string[]>(all);
      begun = begun.filter((each) => now.includes(each));
      return begun.length === 0;
    });
    if (!areComplete) throw new Error('sessions do not begin');
  }

  /** The tables whose rows move, those of the platform and those of the module; a partitioned one counts once. */
  async tables(): Promise<string[]> {
    const text = `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p')
                    AND NOT relispartition AND relname <> 'schema_migration' ORDER BY 1`;
    return (await this.rows<{ name: string }>(text, [this.id(this.module)])).map(({ name }) => name);
  }

  async hasSchema(): Promise<boolean> {
    return await this.value<boolean>('SELECT to_regnamespace($1) IS NOT NULL', [this.id(this.module)]);
  }
}

async function connect(adminUrl: string): Promise<BoundedClient> {
  const session = sessionConfig({
    application_name: 'liftout:cutover',
    settings: AS_TEXT,
    statementTimeoutMs: LONG_STATEMENT_TIMEOUT_MS,
  });
  const client = new BoundedClient({ connectionString: adminUrl, ...session });
  try {
    await client.connect();
    return client;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const { username } = new URL(adminUrl);
    throw new CutoverError(`Cannot use ${describeUrl(adminUrl)} as ${username}: ${code ?? ''} ${message}`.trim());
  }
}
