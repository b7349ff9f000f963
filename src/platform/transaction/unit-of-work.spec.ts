import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OutboxWatch } from '../delivery/feed/outbox-watch.js';
import { createDatabase, dropDatabase } from '../testing/index.js';
import { Database } from './database.js';
import { migrate } from '../schema/migrate.js';
import { provision, withAdministrator } from '../schema/provision.js';
import { UnitOfWork } from './unit-of-work.js';
import { z } from 'zod';
import { defineEvent } from '../messaging/define.js';
import { moduleUrl } from '../connection/urls.js';

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

class Shelved extends defineEvent('library.shelved.v1', { key: 'title', payload: z.object({ title: z.string() }) }) {}
class Noticed {
  constructor(readonly title: string) {}
}

/** Says and writes it: what must stay together. */
async function shelve(unit: UnitOfWork, title: string): Promise<void> {
  await add(unit, title);
  unit.publish(new Shelved({ title }));
  unit.publish(new Noticed(title));
  await unit.manager.query('INSERT INTO book VALUES ($1)', [`${title}, again`]);
}
const outbox = async () =>
  (await database.sql<{ key: string }>('SELECT aggregateid AS key FROM outbox ORDER BY seq')).map(({ key }) => key);
/** A promise, and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('nested work', () => {
  beforeEach(() => database.sql('DELETE FROM outbox'));

  it('nested work that is begun at the same time does not undo its neighbour', async () => {
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

  it('nested work that fails undoes nothing of what is done outside of it meanwhile', async () => {
    const unit = begin();
    const [begun, failing] = [gate(), gate()];
    const results = await Promise.allSettled([
      unit.nested(async () => {
        await shelve(unit, 'Emma');
        begun.open();
        await failing.opened;
        throw new Error('out of print');
      }),
      begun.opened.then(async () => {
        unit.publish(new Shelved({ title: 'Catharine' }));
        const shelved = shelve(unit, 'Sanditon');
        failing.open();
        await shelved;
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(unit.nextLocalEvent()).toEqual(new Noticed('Sanditon'));
    expect(unit.nextLocalEvent()).toBeUndefined();
    await unit.commit();
    expect(await titles()).toEqual(['Sanditon', 'Sanditon, again']);
    expect(await outbox()).toEqual(['Catharine', 'Sanditon']);
  });

  it('keeps the events of its neighbours that were written to the outbox inside of it', async () => {
    const unit = begin();
    unit.publish(new Shelved({ title: 'Catharine' }));
    const failing = unit.nested(async () => {
      unit.publish(new Shelved({ title: 'Emma' }));
      await unit.flush();
      throw new Error('out of print');
    });
    await expect(failing).rejects.toThrow('out of print');
    await unit.commit();
    expect(await outbox()).toEqual(['Catharine']);
  });

  it('keeps the local events of an open savepoint from its neighbours until it ends well', async () => {
    const unit = begin();
    await unit.nested(async () => {
      unit.publish(new Noticed('Emma'));
      await unit.nested(() => Promise.resolve(unit.publish(new Noticed('Persuasion'))));
    });
    const [begun, ending] = [gate(), gate()];
    const open = unit.nested(async () => {
      unit.publish(new Noticed('Sanditon'));
      begun.open();
      await ending.opened;
    });
    await begun.opened;
    expect(unit.nextLocalEvent()).toEqual(new Noticed('Emma'));
    expect(unit.nextLocalEvent()).toEqual(new Noticed('Persuasion'));
    expect(unit.nextLocalEvent()).toBeUndefined();
    ending.open();
    await open;
    expect(unit.nextLocalEvent()).toEqual(new Noticed('Sanditon'));
    await unit.rollback();
  });

  it('nested work that waits for what waits for it is refused', async () => {
    const unit = new UnitOfWork(module, database.dataSource, undefined, 50);
    const [begun, added] = [gate(), gate()];
    const stuck = unit.nested(async () => {
      await add(unit, 'Emma');
      begun.open();
      await added.opened;
    });
    await begun.opened;
    await expect(add(unit, 'Sanditon').finally(added.open)).rejects.toThrow('which may in turn wait for it');
    await stuck;
    await unit.rollback();
  });

  it('cannot go on after its end', async () => {
    const unit = begin();
    const [ended, late] = [gate(), gate()];
    let going: Promise<unknown> | undefined;
    await unit.nested(async () => {
      await add(unit, 'Emma');
      going = ended.opened.then(() => add(unit, 'Sanditon')).finally(late.open);
    });
    ended.open();
    await expect(going).rejects.toThrow(OVER);
    await late.opened;
    await unit.commit();
    expect(await titles()).toEqual(['Emma']);
  });

  it.each(['the transaction', 'another nested work'])(
    'nested work that is not awaited lets %s end with nothing',
    async (outer) => {
      const unit = begin();
      const ending = gate();
      let left: Promise<unknown> | undefined;
      const leave = async () => {
        await add(unit, 'Emma');
        left = unit.nested(async () => {
          await add(unit, 'Persuasion');
          await ending.opened;
          await add(unit, 'Sanditon');
        });
        left.catch(() => undefined);
        if (outer === 'the transaction') await unit.commit();
      };
      const work = outer === 'the transaction' ? leave() : unit.nested(leave);
      await expect(work).rejects.toThrow('returned while a command that it executes was still running');
      if (outer === 'the transaction') await unit.rollback();
      ending.open();
      await expect(left).rejects.toThrow(OVER);
      if (outer !== 'the transaction') await unit.commit();
      expect(await titles()).toEqual([]);
    },
  );
});
