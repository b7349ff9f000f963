import pg from 'pg';
import type { TestDatabase } from '../../../src/platform/testing/database.js';
import { testDatabase } from '../../../src/platform/testing/database.js';
import type { Entry, History } from './history.js';
import { MakingModule } from './making.js';
import { CONSUMERS, TakingModule } from './taking.js';

/** By module. */
type Urls = ReadonlyMap<string, string>;

/** A database for many runs, and an administrator's look at what is in it. */
export class Ground {
  private constructor(
    readonly database: TestDatabase,
    private readonly admin: pg.Pool,
    /** Of the modules' pools, where there are any. */
    readonly poolers: Urls,
  ) {}

  /** @param pooled stands poolers before the logins; there are none by default */
  static async make(pooled: (logins: Urls) => Promise<Urls> = async () => new Map()): Promise<Ground> {
    const database = await testDatabase([MakingModule, TakingModule]);
    const admin = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
    admin.on('error', () => undefined);
    await admin.query(`
      CREATE SCHEMA outside;
      CREATE TABLE outside.call (n bigint GENERATED ALWAYS AS IDENTITY, token text NOT NULL);
      CREATE TABLE outside.careless (n bigint GENERATED ALWAYS AS IDENTITY, token text NOT NULL);
      CREATE INDEX ON outside.call (token text_pattern_ops)`);
    const ground = new Ground(database, admin, await pooled(database.urls));
    await ground.index();
    return ground;
  }

  /** For the judge, who looks for the names of runs. */
  async index(): Promise<void> {
    await this.sql('CREATE INDEX IF NOT EXISTS effect_thing ON taking.effect (thing text_pattern_ops)');
  }

  async sql<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.admin.query<T>(text, values)).rows;
  }

  /** How much has happened for a run, of what is waited for. */
  async reached(run: string): Promise<{ effects: number; jobs: number }> {
    const text = `
      SELECT (SELECT count(*) FROM taking.effect WHERE thing LIKE $1)::int AS effects,
             (SELECT count(*) FROM taking.saga WHERE id LIKE $1 AND status = 'done')::int AS jobs`;
    return (await this.sql<{ effects: number; jobs: number }>(text, [`${run}/%`]))[0]!;
  }

  /** How many effects things with such names have had. @param like a pattern of SQL */
  async effectsOf(like: string): Promise<number> {
    const text = 'SELECT count(*)::int AS effects FROM taking.effect WHERE thing LIKE $1';
    return (await this.sql<{ effects: number }>(text, [like]))[0]!.effects;
  }

  async history(run: string): Promise<History> {
    const of = async <T extends pg.QueryResultRow>(text: string) => await this.sql<T>(text, [`${run}/%`]);
    const effects = await of<Entry & { consumer: string }>(
      'SELECT consumer, thing, version, token FROM taking.effect WHERE thing LIKE $1 ORDER BY n',
    );
    const jobs = await of<{ id: string }>(`SELECT id FROM taking.saga WHERE id LIKE $1 AND status = 'done'`);
    const calls = await of<{ token: string }>('SELECT token FROM outside.call WHERE token LIKE $1');
    return {
      things: await of('SELECT id AS thing, version FROM making.thing WHERE id LIKE $1'),
      outbox: await of(`
        SELECT payload->>'thing' AS thing, (payload->>'version')::int AS version, payload->>'token' AS token
          FROM making.outbox WHERE aggregateid LIKE $1 AND type = 'making.thing-raised.v1' ORDER BY seq`),
      effects: new Map(CONSUMERS.map((name) => [name, effects.filter(({ consumer }) => consumer === name)])),
      steps: await of('SELECT job, step FROM making.step WHERE job LIKE $1 ORDER BY n'),
      ends: await of('SELECT job FROM taking.job_end WHERE job LIKE $1 ORDER BY n'),
      jobsDone: jobs.map(({ id }) => id),
      calls: calls.map(({ token }) => token),
    };
  }

  /** How many effects the careless consumer has had more than once. */
  async carelesslyDoubled(): Promise<number> {
    const text = 'SELECT (count(*) - count(DISTINCT token))::int AS doubled FROM outside.careless';
    return (await this.sql<{ doubled: number }>(text))[0]!.doubled;
  }

  /** As if the time of the leases had passed which a dead process had taken. */
  async endLeases(): Promise<void> {
    await this.sql(`
      UPDATE taking.parked_message SET leased_until = least(leased_until, now()), claimed_until = least(claimed_until, now())
       WHERE leased_until > now() OR claimed_until > now()`);
  }

  /** Ends the sessions of the workers from the server's side, all at once. */
  async endSessions(): Promise<void> {
    await this.sql(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'liftout:%'`);
  }

  /** Whether a checkpoint of a consumer covers this type. */
  async covers(type: string): Promise<boolean> {
    return (await this.sql('SELECT FROM taking.consumer_type WHERE type = $1 AND handled IS NULL', [type])).length > 0;
  }

  /** As after a fail-over to a server that does not take writes yet: sessions are ended, and new ones may only read. */
  async readOnly(yes: boolean): Promise<void> {
    for (const role of this.#roles()) {
      const setting = 'default_transaction_read_only';
      await this.sql(yes ? `ALTER ROLE ${role} SET ${setting} = on` : `ALTER ROLE ${role} RESET ${setting}`);
    }
    if (yes) await this.endSessions();
  }

  #roles(): string[] {
    return [...this.database.urls.values()].map((url) =>
      pg.escapeIdentifier(decodeURIComponent(new URL(url).username)),
    );
  }

  async drop(): Promise<void> {
    await this.admin.end();
    await this.database.drop();
  }
}
