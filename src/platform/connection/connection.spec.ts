import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import pg from 'pg';
import type { SilentProxy } from '../../../test/support/silent-proxy.js';
import { silentProxy } from '../../../test/support/silent-proxy.js';
import { allowStatements, BoundedClient, sessionConfig } from './connection.js';
import { isConnectionFailure } from './failures.js';

const server = process.env['TEST_DATABASE_URL']!;
/** Silent for a third longer, and the connection is closed. */
const STATEMENT_MS = 300;

let proxy: SilentProxy;
const clients: BoundedClient[] = [];
beforeAll(async () => void (proxy = await silentProxy(Number(new URL(server).port))));
afterAll(() => proxy.close());
afterEach(() => Promise.all(clients.splice(0).map((client) => client.end())));

const session = sessionConfig({ application_name: 'test', statementTimeoutMs: STATEMENT_MS });

function make(more: pg.ClientConfig = {}): BoundedClient {
  const config = { connectionString: proxy.through(server), ...session, pipeline: true, ...more };
  const client = new BoundedClient(config);
  clients.push(client);
  return client;
}

async function connected(more: pg.ClientConfig = {}): Promise<BoundedClient> {
  const client = make(more);
  await client.connect();
  return client;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a connection that goes silent', () => {
  it.each([true, false])('is closed when an answer is owed for too long (pipelined: %s)', async (pipeline) => {
    const client = await connected({ pipeline });
    await client.query('SELECT 1');
    proxy.cut();
    const [first, second] = await Promise.all([client.query('SELECT 2'), client.query('SELECT 3')].map(failureOf));
    expect(first).toMatchObject({ name: 'ConnectionSilent', message: expect.stringContaining('has not answered for') });
    for (const failure of [first, second, await failureOf(client.query('SELECT 4'))])
      expect(isConnectionFailure(failure)).toBe(true);
  });

  it('is closed while it says goodbye', async () => {
    const client = await connected();
    proxy.cut();
    const ended = once(client, 'end');
    await client.end();
    await ended;
  });

  it('is replaced in its pool', async () => {
    const pool = new pg.Pool({ connectionString: proxy.through(server), ...session, pipeline: true, max: 2 });
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 2')]);
    proxy.cut();
    const failures = await Promise.all([1, 2].map(() => failureOf(pool.query('SELECT 3'))));
    expect(failures.map(isConnectionFailure)).toEqual([true, true]);
    expect((await pool.query('SELECT 4 AS four')).rows).toEqual([{ four: 4 }]);
    await pool.end();
  });
});

describe('a server that does not answer', () => {
  it('keeps nobody who connects', async () => {
    const deaf = await silentProxy(Number(new URL(server).port));
    deaf.silence();
    const client = make({ connectionString: deaf.through(server), connectionTimeoutMillis: 200 });
    expect(isConnectionFailure(await failureOf(client.connect()))).toBe(true);
    deaf.close();
  });
});

describe('a statement', () => {
  it('a statement that takes too long is cancelled by the server: the connection is none the worse for it', async () => {
    const client = await connected();
    const failure = await failureOf(client.query('SELECT pg_sleep(60)'));
    expect(failure).toMatchObject({ code: '57014' });
    expect(isConnectionFailure(failure)).toBe(false);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('may wait behind others for longer, as long as answers come', async () => {
    const client = await connected();
    const sleeps = Array.from({ length: 5 }, () => client.query('SELECT pg_sleep(0.15)'));
    await expect(Promise.all(sleeps)).resolves.toHaveLength(5);
  });

  it('may take longer in a transaction that says so, and only there', async () => {
    const client = await connected();
    await client.query('BEGIN');
    allowStatements(client, 60_000);
    await client.query('SELECT pg_sleep(0.6)');
    await client.query('COMMIT');
    expect(await failureOf(client.query('SELECT pg_sleep(60)'))).toMatchObject({ code: '57014' });
    proxy.cut();
    expect(await failureOf(client.query('SELECT 1'))).toMatchObject({ name: 'ConnectionSilent' });
  });
});

describe('a server that takes no writes any more', () => {
  it('loses the connections that it says so on', async () => {
    const pool = new pg.Pool({
      connectionString: server,
      ...session,
      options: `${session.options} -c default_transaction_read_only=on`,
    });
    const client = await pool.connect();
    const ended = new Promise((resolve) => client.once('end', resolve));
    expect(isConnectionFailure(await failureOf(client.query('CREATE TABLE never (id int)')))).toBe(true);
    await ended;
    client.release();
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });
});

describe('the settings of a session', () => {
  it('let the server notice a client that is gone', async () => {
    const { rows } = await (
      await connected()
    ).query(`SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp\\_%' ORDER BY name`);
    const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    expect(settings).toEqual({
      tcp_keepalives_count: '3',
      tcp_keepalives_idle: '10',
      tcp_keepalives_interval: '5',
      tcp_user_timeout: '20000',
    });
  });
});

describe('what counts as a lost connection', () => {
  const failing = (fields: object) => Object.assign(new Error('x'), fields);

  it.each(['08006', '25006', '25P03', '25P04', '28000', '28P01', '3D000', '53300', '57P01', '57P02', '57P03', '57P05'])(
    'is SQLSTATE %s, also as a cause and from TypeORM',
    (code) => {
      const error = failing({ code });
      const wrapped = [error, new Error('y', { cause: error }), failing({ driverError: error })];
      expect(wrapped.map(isConnectionFailure)).toEqual([true, true, true]);
    },
  );

  it('is whatever ends a session, and what pg says without a code', async () => {
    expect(isConnectionFailure(failing({ code: '08P01', severity: 'FATAL' }))).toBe(true);
    const client = await connected();
    const [killed] = await Promise.all([client.query('SELECT pg_terminate_backend(pg_backend_pid())')].map(failureOf));
    expect([killed, await failureOf(client.query('SELECT 1'))].map(isConnectionFailure)).toEqual([true, true]);
    const refused = make({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
    expect(isConnectionFailure(await failureOf(refused.connect()))).toBe(true);
  });

  it.each(['08P01', '23505', '40001', '42501', '57014'])('is not what is wrong with a statement: %s', (code) => {
    expect(isConnectionFailure(failing({ code, severity: 'ERROR' }))).toBe(false);
  });

  it('is no failure of another network connection', () => {
    expect(isConnectionFailure(failing({ code: 'ECONNREFUSED' }))).toBe(false);
  });
});
