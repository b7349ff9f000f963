import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Socket } from 'node:net';
import pg from 'pg';
import { OutboxWatch } from '../delivery/feed/outbox-watch.js';
import { childContext } from '../messaging/context/context.js';
import type { CommandResult } from '../messaging/dispatcher.js';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { TransactionalRunner } from '../transaction/command-runner.js';
import { BoundedClient, sessionConfig } from './connection.js';
import { Database } from '../transaction/database.js';
import { isConnectionFailure } from './failures.js';
import { migrate } from '../schema/migrate.js';
import { provision, withAdministrator } from '../schema/provision.js';
import { isPostgresUrl, listProblem, moduleUrl } from './urls.js';

const module = 'library';

/** Two databases stand for two servers: to a client they differ in nothing but the address. */
let admins: [string, string];
let urls: [string, string];
let database: Database;
const clients: BoundedClient[] = [];

beforeAll(async () => {
  admins = [await createDatabase(), await createDatabase()];
  urls = admins.map((admin) => moduleUrl(admin, module)) as [string, string];
  for (const [n, url] of urls.entries()) {
    await withAdministrator(admins[n]!, (client) => provision(client, [{ module, url }]));
    await migrate({ module, url, migrations: [] });
    await direct(url, 'CREATE TABLE library.book (title text)');
  }
});
afterAll(() => Promise.all(admins.map((admin) => dropDatabase(admin))));

async function begin(): Promise<void> {
  await open(0);
  await freeze(1);
  const url = urls.join(' ');
  const watch = new OutboxWatch(module, url, () => undefined);
  database = new Database({ module, url, entities: [], poolSize: 3, watch });
  await database.dataSource.initialize();
}
async function end(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  await database.dataSource.destroy();
  for (const url of urls) await direct(url, 'TRUNCATE library.book', true);
}

async function direct(url: string, text: string, force = false): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, options: force ? '-c default_transaction_read_only=off' : '' });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

const roleOf = (n: 0 | 1) => new URL(urls[n]).username;
/** As a cut-over does: the role may not write any more, and its sessions are ended. */
async function freeze(n: 0 | 1): Promise<void> {
  await direct(admins[n], `ALTER ROLE ${roleOf(n)} SET default_transaction_read_only = on`);
  await direct(admins[n], `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${roleOf(n)}'`);
}
const open = (n: 0 | 1) => direct(admins[n], `ALTER ROLE ${roleOf(n)} RESET default_transaction_read_only`);
const move = async () => {
  await freeze(0);
  await open(1);
};
const titles = async (n: 0 | 1) => (await direct(urls[n], 'SELECT title FROM library.book')).rows.map((r) => r.title);
const where = async () => (await database.sql<{ name: string }>('SELECT current_database() AS name'))[0]!.name;
const nameOf = (n: 0 | 1) => new URL(urls[n]).pathname.slice(1);

const runner = () =>
  new TransactionalRunner(
    database,
    async () => undefined,
    () => undefined,
  );
const context = (patienceMs = 8_000) => ({
  ...childContext('library.lend.v1', module),
  deadline: Date.now() + patienceMs,
});
function command(work: () => Promise<unknown>, patienceMs?: number): Promise<CommandResult> {
  return runner().run(context(patienceMs), {}, async () => ({ ok: true, result: await work() }));
}
const add = (title: string) => database.sql('INSERT INTO book VALUES ($1)', [title]);

async function connected(list: string): Promise<BoundedClient> {
  const client = new BoundedClient({ connectionString: list, ...sessionConfig({ application_name: 'test' }) });
  clients.push(client);
  await client.connect();
  return client;
}

describe('a connection with several servers', () => {
  beforeEach(begin);
  afterEach(end);

  it('is to the one on which its role may write, wherever it stands in the list', async () => {
    expect((await connected(urls.join(' '))).database).toBe(nameOf(0));
    expect((await connected([...urls].reverse().join('\n'))).database).toBe(nameOf(0));
    await move();
    expect((await connected(urls.join(' '))).database).toBe(nameOf(1));
  });

  it('is never to one that has turned read-only since it was asked: what is read there would be of the past', async () => {
    class Late extends Socket {
      override connect(...to: unknown[]): this {
        void move().then(() => super.connect(...(to as [number, string])));
        return this;
      }
    }
    const session = sessionConfig({ application_name: 'test' });
    const late = new BoundedClient({ connectionString: urls.join(' '), ...session, stream: () => new Late() });
    clients.push(late);
    const failure: unknown = await late.connect().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: '25006' });
    expect(isConnectionFailure(failure)).toBe(true);
    expect((await connected(urls.join(' '))).database).toBe(nameOf(1));
  });

  it('is to the first in the list where several take writes', async () => {
    await open(1);
    expect((await connected([...urls].reverse().join('   '))).database).toBe(nameOf(1));
  });

  it('does without those that do not answer', async () => {
    expect((await connected(`postgres://a:b@127.0.0.1:1/gone ${urls[0]}`)).database).toBe(nameOf(0));
  });

  it('fails at once where none can be used, and says why the role is not let in', async () => {
    const wrong = Object.assign(new URL(urls[0]), { password: 'wrong' }).href;
    await expect(connected(`postgres://a:b@127.0.0.1:1/gone ${wrong}`)).rejects.toMatchObject({ code: '28P01' });
    const gone = connected('postgres://a:b@127.0.0.1:1/gone postgres://a:b@127.0.0.1:1/too');
    await expect(gone).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is closed when its server says that it has turned read-only', async () => {
    const client = await connected(urls.join(' '));
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.query('SET default_transaction_read_only = on');
    await ended;
    expect(isConnectionFailure(client.lost)).toBe(true);
  });

  it('is given up when the process ends meanwhile', async () => {
    await freeze(0);
    const connecting = database.sql('SELECT 1').catch((error: Error) => error.message);
    database.cut();
    expect(await connecting).toMatch(/^The process ends/);
  });
});

describe('work whose data moves to another server', () => {
  beforeEach(begin);
  afterEach(end);

  it('is held and done there: commands, queries and what stands alone', async () => {
    await command(() => add('Emma'));
    await freeze(0);
    const held = [command(() => add('Persuasion')), runner().read(context(), where), where()] as const;
    await open(1);
    expect(await Promise.all(held)).toEqual([{ ok: true, result: [] }, nameOf(1), nameOf(1)]);
    expect([await titles(0), await titles(1)]).toEqual([['Emma'], ['Persuasion']]);
  });

  it('is done there once where it had been begun here', async () => {
    let runs = 0;
    await command(async () => {
      await add('Emma');
      if (++runs === 1) await move();
      await add('Persuasion');
    });
    expect([await titles(0), await titles(1)]).toEqual([[], ['Emma', 'Persuasion']]);
    expect(runs).toBe(2);
  });

  it('is held no longer than its caller waits', async () => {
    await freeze(0);
    await expect(command(() => add('Emma'), 300)).rejects.toThrow('did not end within');
    await open(1);
    expect([await titles(0), await titles(1)]).toEqual([[], []]);
  });
});

describe('a list of URLs', () => {
  const EXPECTED = 'expected a URL';
  const [a, b] = ['postgres://u:p@one:5432/db', 'postgres://u:p@two/db'];

  it.each([
    ['', `${EXPECTED}, or several with spaces between`],
    ['mysql://one/db', `${EXPECTED}, or several with spaces between`],
    [`${a} nonsense`, `${EXPECTED} (number 2 of the 2 in the list), or several with spaces between`],
    [`${a},${b}`, `${EXPECTED}, or several with spaces between`],
    [`${a} ${b} postgres://other:p@one/db`, 'the list has one:5432/db twice: expected each database once'],
  ])('a list of URLs that is wrong says how: "%s"', (list, problem) => {
    expect(listProblem(list, EXPECTED)).toBe(problem);
  });

  it('is read with any white space; it is no URL', () => {
    expect([a, `${a} ${b}`, `\n${a}\n  ${b}\n`].map((list) => listProblem(list, EXPECTED))).toEqual(
      Array(3).fill(undefined),
    );
    expect(isPostgresUrl(`${a} ${b}`)).toBe(false);
  });
});
