import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isConnectionFailure } from '../../src/platform/connection/failures.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CounterRaised, CountingModule, RaiseCounter } from '../support/counting.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';
import type { SilentProxy } from '../support/silent-proxy.js';
import { silentProxy } from '../support/silent-proxy.js';

let data: TestDatabase;
let proxy: SilentProxy;
let replica: Replica;
let admin: pg.Client;
beforeAll(async () => {
  data = await testDatabase([CountingModule]);
  admin = new pg.Client({ connectionString: data.adminUrl });
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await admin.end();
  await data.drop();
});
beforeEach(async () => {
  proxy = await silentProxy(Number(new URL(data.adminUrl).port));
  const urls = new Map([...data.urls].map(([module, url]) => [module, proxy.through(url)]));
  replica = await startReplica({ urls }, [CountingModule], {}, undefined, {
    statementTimeoutMs: 600,
    stopTimeoutMs: 500,
  });
});
afterEach(async () => {
  await replica.stop();
  proxy.close();
});

const counters = Array.from({ length: 12 }, (_, n) => `counter-${n}`);
const raise = (counter: string) => replica.execute(new RaiseCounter({ counter }));
const raiseAll = () => Promise.allSettled(counters.map(raise));
const succeeds = async () => (await raiseAll()).every(({ status }) => status === 'fulfilled');
const ask = async (text: string) => (await admin.query<{ n: number }>(text)).rows[0]!.n;

/** What was said is heard, each once; and nothing was ever put aside, which would have been an attempt. */
async function expectAllHeard(): Promise<void> {
  const said = await ask('SELECT sum(value)::int AS n FROM counting.counter');
  const heard = () => ask('SELECT count(*)::int AS n FROM counting.heard');
  await eventually(async () => (await heard()) >= said, 'everything being heard');
  expect(await heard()).toBe(said);
  expect(await ask('SELECT count(*)::int AS n FROM (SELECT DISTINCT counter, value FROM counting.heard) t')).toBe(said);
  expect(await ask('SELECT is_called::int AS n FROM counting.parked_message_id_seq')).toBe(0);
}

describe('connections that go dead without a word', () => {
  it('are replaced: commands and delivery go on, and whoever was on one is told to try again', async () => {
    expect(await succeeds()).toBe(true);
    const during = raiseAll();
    proxy.cut();
    for (const outcome of await during)
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject({ name: 'Unavailable', reason: 'down' });
        expect(isConnectionFailure(outcome.reason)).toBe(true);
      }
    await eventually(succeeds, 'commands succeeding again');
    await expectAllHeard();
  });

  it('do not keep the process, even where the database is gone for good', async () => {
    expect(await succeeds()).toBe(true);
    const during = raiseAll();
    proxy.silence();
    await replica.runtime.stop();
    expect((await during).map(({ status }) => status)).toContain('rejected');
  });
});

describe('a server that takes no writes any more', () => {
  const readOnly = async (setting: 'SET default_transaction_read_only = on' | 'RESET default_transaction_read_only') =>
    await admin.query(`ALTER DATABASE ${new URL(data.adminUrl).pathname.slice(1)} ${setting}`);
  const endSessions = () =>
    ask(
      `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE application_name LIKE 'liftout:%'`,
    );

  it('is left for the one that does', async () => {
    expect(await succeeds()).toBe(true);
    await readOnly('SET default_transaction_read_only = on');
    await endSessions();
    await eventually(async () => {
      const error = await raise('counter-0').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ reason: 'down', cause: { code: '25006' } });
      return true;
    }, 'the server refusing writes');
    const watch = replica.runtime.watches.get('counting')!;
    await eventually(() => watch.lookedAt < Date.now() - 2_500, 'the watch not looking there');
    await readOnly('RESET default_transaction_read_only');
    await eventually(succeeds, 'commands succeeding again');
    await replica.publish(new CounterRaised({ counter: 'said', value: 1, mood: 'calm' }));
    await eventually(
      () => ask(`SELECT count(*)::int AS n FROM counting.heard WHERE counter = 'said'`),
      'it being heard',
    );
  });
});
