import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OutboxWatch } from '../delivery/outbox-watch.js';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { Database } from './database.js';
import { migrate } from './migrate.js';
import { provision, withAdministrator } from './provision.js';
import { UnitOfWork } from './unit-of-work.js';
import { moduleUrl } from './urls.js';

const module = 'library';
let adminUrl: string;
/** With one connection: whoever gets it gets it from the one before. */
let database: Database;

beforeAll(async () => {
  adminUrl = await createDatabase();
  const url = moduleUrl(adminUrl, module);
  await withAdministrator(adminUrl, (client) => provision(client, [{ module, url }]));
  await migrate({ module, url, migrations: [] });
  const watch = new OutboxWatch(module, url, () => undefined);
  database = new Database({ module, url, entities: [], poolSize: 1, watch });
  await database.dataSource.initialize();
  await database.sql('CREATE TABLE book (title text)');
});
beforeEach(() => database.sql('TRUNCATE book'));
afterAll(async () => {
  await database.dataSource.destroy();
  await dropDatabase(adminUrl);
});

const begin = () => new UnitOfWork(module, database.dataSource);
const add = async (unit: UnitOfWork, title: string) =>
  await (await unit.client()).query('INSERT INTO book VALUES ($1)', [title]);
const titles = async () =>
  (await database.sql<{ title: string }>('SELECT title FROM book ORDER BY 1')).map((b) => b.title);
const OVER = 'went on after its end';

describe('a unit of work that has ended', () => {
  it.each(['commit', 'rollback'] as const)('has no connection any more after its %s', async (end) => {
    const unit = begin();
    await add(unit, 'Emma');
    await unit[end]();
    const next = begin();
    await add(next, 'Persuasion');
    await expect(add(unit, 'Sanditon')).rejects.toThrow(OVER);
    await expect(unit.manager.query(`INSERT INTO book VALUES ('Sanditon')`)).rejects.toThrow();
    expect(() => unit.publish({})).toThrow(OVER);
    await expect(unit.nested(() => Promise.resolve())).rejects.toThrow(OVER);
    await next.commit();
    expect(await titles()).toEqual(end === 'commit' ? ['Emma', 'Persuasion'] : ['Persuasion']);
  });

  it('undoes nothing of the one that has its connection now', async () => {
    const first = begin();
    await add(first, 'Emma');
    await first.rollback();
    const second = begin();
    await add(second, 'Persuasion');
    await first.rollback();
    await second.commit();
    expect(await titles()).toEqual(['Persuasion']);
  });

  it('is refused to a handler that had not waited, and leaves nothing of it', async () => {
    const unit = begin();
    await add(unit, 'Emma');
    const late = Promise.resolve().then(async () => {
      await add(unit, 'Persuasion');
      await add(unit, 'Sanditon');
    });
    await unit.rollback();
    await expect(late).rejects.toThrow(OVER);
    expect(await titles()).toEqual([]);
  });
});

describe('nested work', () => {
  it('that is begun at the same time does not undo its neighbour', async () => {
    const unit = begin();
    const results = await Promise.allSettled([
      unit.nested(async () => {
        await add(unit, 'Emma');
        await unit.nested(() => add(unit, 'Persuasion'));
        throw new Error('out of print');
      }),
      unit.nested(() => add(unit, 'Sanditon')),
      unit.nested(() => add(unit, 'The Watsons')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    await unit.commit();
    expect(await titles()).toEqual(['Sanditon', 'The Watsons']);
  });
});
