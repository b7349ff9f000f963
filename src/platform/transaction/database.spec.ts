import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Entity, PrimaryColumn } from 'typeorm';
import { OutboxWatch } from '../delivery/feed/outbox-watch.js';
import { childContext } from '../messaging/context/context.js';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { TransactionalRunner } from './command-runner.js';
import { Database } from './database.js';
import { migrate } from '../schema/migrate.js';
import { provision, withAdministrator } from '../schema/provision.js';
import { Statements } from '../connection/statements.js';
import { moduleUrl } from '../connection/urls.js';

const module = 'library';
@Entity()
class Book {
  @PrimaryColumn('text')
  title!: string;
}

const SELECT = 'SELECT * FROM book WHERE title = $1';

let adminUrl: string;
let url: string;
let database: Database;

beforeEach(async () => {
  adminUrl = await createDatabase();
  url = moduleUrl(adminUrl, module);
  await withAdministrator(adminUrl, (client) => provision(client, [{ module, url }]));
  await migrate({ module, url, migrations: [] });
  const watch = new OutboxWatch(module, url, () => undefined);
  database = new Database({ module, url, entities: [Book], poolSize: 1, watch });
  await database.dataSource.initialize();
  await database.sql(`CREATE TABLE book (title text); INSERT INTO book VALUES ('Emma')`);
});
afterEach(async () => {
  await database.dataSource.destroy();
  await dropDatabase(adminUrl);
});

/** Runs `work` as a command's handler does. */
function command(work: () => Promise<unknown>) {
  const handle = async () => ({ ok: true as const, result: await work() });
  const runner = new TransactionalRunner(
    database,
    async () => undefined,
    () => undefined,
  );
  return runner.run(childContext('library.lend.v1', module), {}, handle);
}

/** As another process does while this one runs. */
async function addColumn(): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`ALTER TABLE library.book ADD COLUMN pages int DEFAULT 474`);
  await client.end();
}

describe('a statement that was prepared before a migration', () => {
  beforeEach(async () => {
    expect(await database.sql(SELECT, ['Emma'])).toEqual([{ title: 'Emma' }]);
    await addColumn();
  });

  it('returns the new columns outside of a transaction', async () => {
    expect(await database.sql(SELECT, ['Emma'])).toEqual([{ title: 'Emma', pages: 474 }]);
  });

  it('has its command begin anew', async () => {
    const outcome = await command(async () => {
      await database.sql('INSERT INTO book (title) VALUES ($1)', ['Persuasion']);
      return await database.sql(SELECT, ['Emma']);
    });
    expect(outcome).toEqual({ ok: true, result: [{ title: 'Emma', pages: 474 }] });
    expect(await database.sql('SELECT title FROM book ORDER BY 1')).toEqual([
      { title: 'Emma' },
      { title: 'Persuasion' },
    ]);
  });
});

describe('a transaction whose statements leave together', () => {
  it('is rolled back as a whole when one of them fails', async () => {
    const failing = command(async () => {
      const statements = [
        database.sql('INSERT INTO book VALUES ($1)', ['Persuasion']),
        database.sql('INSERT INTO book VALUES ($1, $2)', ['Sanditon', 'too much']),
        database.sql('INSERT INTO book VALUES ($1)', ['The Watsons']),
      ];
      await Promise.allSettled(statements);
      await statements[1];
    });
    await expect(failing).rejects.toMatchObject({ code: '42601' });
    expect(await database.sql('SELECT title FROM book')).toEqual([{ title: 'Emma' }]);
  });

  it('does not commit when nobody looks at the failure', async () => {
    const careless = command(async () => {
      await database.sql('INSERT INTO book VALUES ($1)', ['Persuasion']);
      await database.sql('INSERT INTO shelf VALUES ($1)', ['Sanditon']).catch(() => undefined);
    });
    await expect(careless).rejects.toMatchObject({ name: 'CommitRefused' });
    expect(await database.sql('SELECT title FROM book')).toEqual([{ title: 'Emma' }]);
  });
});

describe('names of statements', () => {
  it('are the same for the same text, and end where texts are put together from values', () => {
    const statements = new Statements();
    const first = statements.named('SELECT $1', [1]);
    expect(statements.named('SELECT $1', [2]).name).toBe(first.name);
    const named = Array.from({ length: 1000 }, (_, n) => statements.named(`SELECT $1 AS a${n}`, [n]));
    expect(named.filter(({ name }) => name !== undefined)).toHaveLength(499);
    statements.forget('SELECT $1');
    expect(statements.named('SELECT $1', [3]).name).not.toBe(first.name);
  });
});

describe('a repository of an entity', () => {
  const books = () => database.repository(Book);

  it('writes in the transaction of the command that runs, and is undone with it', async () => {
    const work = async () => {
      await books().save({ title: 'Persuasion' });
      expect(await database.sql(SELECT, ['Persuasion'])).toHaveLength(1);
      throw new Error('no');
    };
    await expect(command(work)).rejects.toThrow('no');
    expect(await books().find()).toEqual([{ title: 'Emma' }]);
    await command(() => books().save({ title: 'Persuasion' }));
    expect(await books().count()).toBe(2);
  });

  it('may be kept: each command that uses it has its own transaction', async () => {
    const kept = books();
    expect(await kept.count()).toBe(1);
    const work = async () => {
      await kept.insert({ title: 'Persuasion' });
      await kept.createQueryBuilder().update().set({ title: 'Sanditon' }).where({ title: 'Emma' }).execute();
      throw new Error('no');
    };
    await expect(command(work)).rejects.toThrow('no');
    expect(await kept.find()).toEqual([{ title: 'Emma' }]);
    await command(() => kept.insert({ title: 'Persuasion' }));
    expect(await kept.count()).toBe(2);
  });

  it('begins no transaction of its own while one is open', async () => {
    await expect(command(() => books().manager.transaction(async () => undefined))).rejects.toThrow(
      'The command is the transaction: do not begin one inside a handler.',
    );
  });
});
