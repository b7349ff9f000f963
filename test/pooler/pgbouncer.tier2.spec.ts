import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Config } from '../../src/config.js';
import type { Program } from '../support/programs.js';
import { findProgram } from '../support/programs.js';
import { checkPoolers } from '../../src/poolers.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { moduleSettings } from '../../src/platform/connection/connection.js';
import { PARTITION_ROWS } from '../../src/platform/schema/outbox-partitions.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import { CountingModule, RaiseCounter } from '../support/counting.js';
import { needs } from '../support/needs.js';
import { PgBouncer } from '../support/pgbouncer.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const describe = needs('pgbouncer');
const module = 'counting';
const CLIENTS = 12;
const ROUNDS = 20;
/** Fewer than the pools have: they are shared all the time. */
const SESSIONS = { default_pool_size: 3 };

let data: TestDatabase;
let admin: pg.Client;
const ask = async (text: string, values: unknown[] = []) => (await admin.query<{ n: number }>(text, values)).rows[0]!.n;

const ofRole = () => decodeURIComponent(new URL(data.urls.get(module)!).username);

beforeAll(async () => {
  data = await testDatabase([CountingModule]);
  admin = new pg.Client({ connectionString: data.adminUrl });
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await admin.end();
  await data.drop();
});

interface Kind {
  program: Program;
  prepared: boolean;
  settings: Readonly<Record<string, number>>;
}

/** Debian 12's, which does not know prepared statements; where there is none, one that is told to let them be. */
const older: Kind = findProgram('pgbouncer-1.18')
  ? { program: 'pgbouncer-1.18', prepared: false, settings: {} }
  : { program: 'pgbouncer', prepared: false, settings: { max_prepared_statements: 0 } };

describe.each<Kind>([{ program: 'pgbouncer', prepared: true, settings: {} }, older])(
  'behind $program in transaction mode, prepared statements $prepared',
  ({ program, prepared, settings }) => {
    let replicas: Replica[];
    let database: Replica['runtime']['databases'][number];
    beforeEach(async () => {
      const url = data.urls.get(module)!;
      const pooler = await PgBouncer.before([url], { ...SESSIONS, ...settings }, program);
      const poolers = new Map([[module, pooler.through(url)]]);
      await checkPoolers({ poolerUrls: poolers, prepared } as unknown as Config, [CountingModule]);
      const more = { poolers, prepared, poolSize: 6, handlerTimeoutMs: 1000 };
      replicas = await Promise.all([0, 1].map(() => startReplica(data, [CountingModule], {}, undefined, more)));
      database = replicas[0]!.runtime.database(module);
    }, 60_000);
    afterEach(async () => void (await Promise.all(replicas.map((replica) => replica.stop()))));

    const raise = async (client: number, round: number) =>
      await replicas[round % 2]!.execute(
        new RaiseCounter({ counter: `client-${client}` }),
        `${program}-${prepared}-${client}-${round}`,
      );
    const keep = async (replica: Replica) =>
      await keepOutbox(replica.runtime.database(module), [], { keepMs: 3_600_000, partitionRows: PARTITION_ROWS }, []);

    it('does everything once and in order, while two processes share few sessions and look after the outbox', async () => {
      const before = await ask('SELECT coalesce(sum(value), 0)::int AS n FROM counting.counter');
      const client = async (n: number) => {
        for (let round = 0; round < ROUNDS; round++) await raise(n, round);
      };
      let over = false;
      const keeper = async (replica: Replica) => {
        let done = 0;
        while (!over) done += Number(await keep(replica));
        return done;
      };
      const keeping = replicas.map(keeper);
      await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
      over = true;
      const said = before + CLIENTS * ROUNDS;
      expect(await ask('SELECT sum(value)::int AS n FROM counting.counter')).toBe(said);
      await eventually(
        async () => (await ask('SELECT count(*)::int AS n FROM counting.heard')) >= said,
        'all being heard',
      );
      const inOrder = `SELECT count(*)::int AS n FROM (SELECT value, row_number() OVER (PARTITION BY counter ORDER BY n) AS nth
                       FROM counting.heard) t WHERE value = nth`;
      expect([await ask(inOrder), await ask('SELECT count(*)::int AS n FROM counting.heard')]).toEqual([said, said]);
      for (const done of await Promise.all(keeping)) expect(done).toBeGreaterThan(0);
      // Nobody is left holding what a session can hold, and whoever comes next gets it.
      expect(await ask(`SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'`)).toBe(0);
      expect(await keep(replicas[0]!)).toBe(true);
    }, 60_000);

    it('tells other processes of a commit by the connection that listens, which no pooler holds', async () => {
      const text = `SELECT count(*)::int AS n FROM pg_stat_activity
                   WHERE usename = $1 AND application_name = 'liftout:counting:watch' AND query <> ''`;
      expect(await ask(text, [ofRole()])).toBe(replicas.length);
    });

    it('gives a session the settings of the role', async () => {
      const [set] = await database.sql<{ path: string; statement: string; idle: string }>(
        `SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS statement,
              current_setting('idle_in_transaction_session_timeout') AS idle`,
      );
      const idle = moduleSettings(module)['idle_in_transaction_session_timeout'] as number;
      expect(set).toEqual({ path: module, statement: '15s', idle: `${idle / 60_000}min` });
    });

    it('ends what a handler that takes too long still does at the server, and nothing of anybody else', async () => {
      await raise(0, 0);
      await admin.query('BEGIN; LOCK TABLE counting.counter IN EXCLUSIVE MODE');
      const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`;
      const late = raise(0, ROUNDS + 1);
      late.catch(() => undefined);
      await eventually(async () => (await ask(waiting, [ofRole()])) === 1, 'the command waiting');
      await expect(late).rejects.toMatchObject({ name: 'HandlerTimeout' });
      // Long before its statement would time out.
      await eventually(async () => (await ask(waiting, [ofRole()])) === 0, 'its session being over', 8_000);
      await admin.query('ROLLBACK');
      expect(await raise(0, ROUNDS + 2)).toMatchObject({ value: expect.any(Number) });
    });

    it('goes on after a migration that changes what a statement returns', async () => {
      const select = 'SELECT * FROM counter WHERE name = $1';
      await raise(1, 0);
      const read = async () => Object.keys((await database.sql(select, ['client-1']))[0]!).length;
      // Every session of the pooler has it.
      const reads = async () => Promise.all(Array.from({ length: 8 }, read));
      const columns = (await reads())[0]!;
      await admin.query(`ALTER TABLE counting.counter ADD COLUMN more_${columns} int`);
      expect(new Set(await reads())).toEqual(new Set([columns + 1]));
      const unit = new UnitOfWork(module, database.dataSource);
      await unit.client();
      await unit.commit();
    });
  },
);

describe('what a pooler lacks is said at the start', () => {
  const check = async (settings: Record<string, string | number>, prepared: boolean) => {
    const pooler = await PgBouncer.before([data.urls.get(module)!], settings);
    const poolerUrls = new Map([[module, pooler.through(data.urls.get(module)!)]]);
    await checkPoolers({ poolerUrls, prepared } as unknown as Config, [CountingModule]);
  };
  const code = 'LIFTOUT_DATABASE_POOLER';

  it('prepared statements', async () => {
    const message = expect.stringMatching(
      /^COUNTING_DATABASE_URL: .*expected PgBouncer 1\.21 or later.* or DATABASE_PREPARED=off/,
    );
    await expect(check({ max_prepared_statements: 0 }, true)).rejects.toMatchObject({ code, message });
    await check({ max_prepared_statements: 0 }, false);
  }, 20_000);

  it('the settings of the role', async () => {
    const path = `ALTER ROLE "${ofRole()}" IN DATABASE ${new URL(data.adminUrl).pathname.slice(1)}`;
    await admin.query(`${path} RESET search_path`);
    const message = expect.stringMatching(/^COUNTING_DATABASE_URL: .*run "npm run db -- provision counting"/);
    await expect(check({}, true)).rejects.toMatchObject({ code, message });
    await admin.query(`${path} SET search_path = ${module}`);
    await check({}, true);
  }, 20_000);
});
