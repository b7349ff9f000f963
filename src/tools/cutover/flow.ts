import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { databaseOf } from '../../platform/connection/urls.js';
import type { Side } from './side.js';
import { CutoverError } from './side.js';

const DROP_ATTEMPTS = 100;
/** From this version on a subscription may leave out what its publisher has from elsewhere. */
const KNOWS_ORIGIN = 16;

export interface Progress {
  /** Tables that are not copied yet. */
  copying: string[];
  /** Of the log, what was not carried yet. */
  lagBytes: number;
  /** Whether the server that receives is at work. */
  connected: boolean;
  /** How often it has failed. */
  failures: number;
}

/**
 * What carries the rows of a module from one database to the other: a publication that names its tables, a replication role of
 * its own and a slot where they come from; a subscription where they go to. All have one name. Each operation may be repeated.
 */
export class Flow {
  readonly name: string;

  constructor(
    readonly from: Side,
    readonly to: Side,
    direction: 'out' | 'back',
  ) {
    this.name = `liftout_cutover_${from.module.replaceAll('-', '_')}_${direction}`;
  }

  /**
   * @param copies whether it begins with the rows that are there, and at once; else it waits for {@link enable}
   * @throws CutoverError when the database that receives cannot reach the other one
   */
  async begin(copies: boolean): Promise<void> {
    const password = await this.#makeRole();
    await this.#publish();
    await this.#makeSlot();
    const connection = this.connection(password);
    // What the other flow has brought does not go back, not even where a crash has set the slot back to before it.
    const own = !copies && Math.min(this.from.version, this.to.version) >= KNOWS_ORIGIN ? ', origin = none' : '';
    const options = `create_slot = false, slot_name = ${this.name}, copy_data = ${copies}, enabled = ${copies}${own}`;
    const there = await this.isSubscribed();
    const text = there
      ? `ALTER SUBSCRIPTION ${this.name} CONNECTION ${connection}`
      : `CREATE SUBSCRIPTION ${this.name} CONNECTION ${connection} PUBLICATION ${this.name} WITH (${options})`;
    await this.to.client.query(text).catch((error: Error) => {
      const message = error.message.replaceAll(password, '…');
      throw new CutoverError(`${this.to.place} cannot follow ${this.from.place}: ${message}`);
    });
  }

  /** How the receiving server connects to the other one, as a literal of SQL. */
  readonly connection = (password: string): string => {
    const { hostname, port, searchParams } = new URL(this.from.adminUrl);
    const sslmode = searchParams.get('sslmode');
    const parts = {
      host: hostname,
      port: port || '5432',
      dbname: databaseOf(this.from.adminUrl),
      user: this.name,
      password,
      connect_timeout: '5',
      ...(sslmode && { sslmode }),
    };
    return this.to.client.escapeLiteral(
      Object.entries(parts)
        .map(([key, value]) => `${key}='${value.replaceAll(/['\\]/g, '\\$&')}'`)
        .join(' '),
    );
  };

  async isSubscribed(): Promise<boolean> {
    const text =
      'SELECT EXISTS (SELECT FROM pg_subscription WHERE subname = $1 AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))';
    return await this.to.value<boolean>(text, [this.name]);
  }

  async #makeRole(): Promise<string> {
    const password = randomBytes(24).toString('base64url');
    const there = await this.from.value<boolean>('SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)', [
      this.name,
    ]);
    const { from } = this;
    await from.client.query(`${there ? 'ALTER' : 'CREATE'} ROLE ${this.name} LOGIN REPLICATION PASSWORD '${password}'`);
    // Who is no superuser has to be a member of it, to end its sessions and to take its rights away.
    await from.client.query(`GRANT ${this.name} TO CURRENT_USER`);
    await from.client.query(`GRANT USAGE ON SCHEMA ${from.id(from.module)} TO ${this.name};
      GRANT SELECT ON ALL TABLES IN SCHEMA ${from.id(from.module)} TO ${this.name};
      GRANT CONNECT ON DATABASE ${from.id(databaseOf(from.adminUrl))} TO ${this.name}`);
    return password;
  }

  async #publish(): Promise<void> {
    const { from } = this;
    if (await from.value<boolean>('SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = $1)', [this.name])) return;
    for (const table of await keyless(from))
      await from.client.query(`ALTER TABLE ${from.table(table)} REPLICA IDENTITY FULL`);
    const tables = (await from.tables()).map((table) => from.table(table)).join(', ');
    await from.client.query(
      `CREATE PUBLICATION ${this.name} FOR TABLE ${tables} WITH (publish_via_partition_root = true)`,
    );
  }

  async #makeSlot(): Promise<void> {
    if (await this.hasSlot()) return;
    await this.from.rows(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [this.name]);
  }

  async hasSlot(): Promise<boolean> {
    return await this.from.value<boolean>('SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)', [
      this.name,
    ]);
  }

  /** What was written until now is not to be carried. */
  async skip(): Promise<void> {
    await this.from.rows('SELECT pg_replication_slot_advance($1, pg_current_wal_insert_lsn())', [this.name]);
  }

  async enable(): Promise<void> {
    await this.to.client.query(`ALTER SUBSCRIPTION ${this.name} ENABLE`);
  }

  async disable(): Promise<void> {
    await this.to.client.query(`ALTER SUBSCRIPTION ${this.name} DISABLE`);
  }

  async progress(): Promise<Progress> {
    const { from, to, name } = this;
    const tables = `SELECT relname AS name FROM pg_subscription_rel JOIN pg_subscription s ON s.oid = srsubid
                      JOIN pg_class c ON c.oid = srrelid WHERE subname = $1 AND srsubstate <> 'r' ORDER BY 1`;
    const copying = (await to.rows<{ name: string }>(tables, [name])).map((each) => each.name);
    const lag =
      'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 FROM pg_replication_slots WHERE slot_name = $1';
    const work = `SELECT NOT subenabled OR EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subid = s.oid AND pid IS NOT NULL) AS connected,
                         coalesce((SELECT apply_error_count + sync_error_count FROM pg_stat_subscription_stats e WHERE e.subid = s.oid), 0)::int AS failures
                    FROM pg_subscription s WHERE subname = $1`;
    const [working] = await to.rows<{ connected: boolean; failures: number }>(work, [name]);
    return { copying, lagBytes: (await from.value<number | undefined>(lag, [name])) ?? 0, ...working! };
  }

  /** Takes everything of it away. */
  async end(): Promise<void> {
    if (await this.isSubscribed()) {
      await this.disable();
      await this.to.client.query(`ALTER SUBSCRIPTION ${this.name} SET (slot_name = NONE)`);
      await this.to.client.query(`DROP SUBSCRIPTION ${this.name}`);
    }
    await this.#dropSlot();
    const { from } = this;
    await from.client.query(`DROP PUBLICATION IF EXISTS ${this.name}`);
    if (!(await from.value<boolean>('SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)', [this.name]))) return;
    await from.client.query(`DROP OWNED BY ${this.name}`);
    await from.client.query(`DROP ROLE ${this.name}`);
  }

  async #dropSlot(): Promise<void> {
    for (let attempt = 1; await this.hasSlot(); attempt++) {
      await this.from.rows(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
        [this.name],
      );
      const dropped = this.from.rows('SELECT pg_drop_replication_slot($1)', [this.name]);
      const failure = await dropped.then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure && attempt === DROP_ATTEMPTS) throw failure;
      if (failure) await delay(50);
    }
  }
}

/** Tables without a primary key: their rows are found by all of their columns. */
async function keyless(side: Side): Promise<string[]> {
  const text = `SELECT relname AS name FROM pg_class c WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p')
                  AND relreplident = 'd' AND relname <> 'schema_migration'
                  AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)`;
  return (await side.rows<{ name: string }>(text, [side.id(side.module)])).map(({ name }) => name);
}
