import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { Asker, hanging, Noted, Teller } from '../support/asking-modules.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

let data: TestDatabase;
let stored: pg.Client;
let replica: Replica;
beforeAll(async () => {
  data = await testDatabase([Teller, Asker]);
  stored = new pg.Client({ connectionString: data.urls.get('teller')!, options: '-c search_path=teller' });
  await stored.connect();
}, 60_000);
afterAll(async () => {
  hanging.release();
  await replica.stop();
  await stored.end();
  await data.drop();
});

const start = async (stopTimeoutMs = 15_000) =>
  void (replica = await startReplica(data, [Teller, Asker], {}, undefined, { stopTimeoutMs }));

/** What is committed of what a consumer did for its own keys. */
async function told(consumer: string, group: string): Promise<string[]> {
  const own = `${consumer} ${consumer} ${group} `;
  const { rows } = await stored.query<{ key: string }>('SELECT key FROM told WHERE starts_with(key, $1) ORDER BY key', [
    own,
  ]);
  return rows.map(({ key }) => key.slice(own.length));
}

/** Publishes the messages of one batch, and begins to stop while it handles those that wait at the gate. */
async function stopInBatch(
  consumer: string,
  group: string,
  ways: [key: string, how: string][],
): Promise<{ stopped: Promise<void> }> {
  hanging.begun = 0;
  await replica.publish(...ways.map(([key, how]) => new Noted({ key: `${consumer} ${group} ${key}`, how })));
  const waiting = ways.filter(([, how]) => how === 'gate').length;
  await eventually(() => hanging.begun >= waiting, 'the slow handlers having begun');
  return { stopped: replica.runtime.stop() };
}

describe('a process that stops in the middle of a batch', () => {
  it.each<[what: string, consumer: string, group: string, ways: [string, string][], before: string[], after: string[]]>(
    [
      [
        'one after the other',
        'in-a-row',
        'x',
        [
          ['0', 'well'],
          ['1', 'gate'],
          ['2', 'well'],
          ['3', 'well'],
        ],
        ['0', '1'],
        ['0', '1', '2', '3'],
      ],
      [
        'again, after one has failed',
        'in-a-row',
        'y',
        [
          ['0', 'fail'],
          ['1', 'gate'],
          ['2', 'well'],
        ],
        ['1'],
        ['1', '2'],
      ],
      [
        'key by key',
        'side-by-side',
        'z',
        [
          ['a', 'gate'],
          ['a', 'well'],
          ['b', 'gate'],
        ],
        ['a', 'b'],
        ['a', 'a', 'b'],
      ],
    ],
  )(
    'handled %s, commits what was done; the rest is handled by the next',
    async (_, consumer, group, ways, before, after) => {
      await start();
      const { stopped } = await stopInBatch(consumer, group, ways);
      hanging.release();
      await stopped;
      expect(await told(consumer, group)).toEqual(before);
      await replica.app.close();
      await start();
      await eventually(async () => (await told(consumer, group)).length >= after.length, 'the rest');
      expect(await told(consumer, group)).toEqual(after);
      await replica.stop();
    },
  );

  it('does not wait for ever: what does not end is undone, and comes again', async () => {
    await start(300);
    const { stopped } = await stopInBatch('in-a-row', 'w', [
      ['0', 'well'],
      ['1', 'gate'],
    ]);
    await stopped;
    await replica.app.close();
    expect(await told('in-a-row', 'w')).toEqual([]);
    hanging.release();
    await start();
    await eventually(() => hanging.begun > 1, 'the slow handler having begun again');
    hanging.release();
    await eventually(async () => (await told('in-a-row', 'w')).length === 2, 'both having their effect');
  });
});

describe('a message that was begun again and again by processes that did not live to end it', () => {
  const poison = async () =>
    (
      await stored.query<{ attempts: number; errors: { error: string }[] }>(
        `SELECT attempts, errors FROM parked_message WHERE key LIKE '%in-a-row v 0' AND consumer = 'teller.in-a-row'`,
      )
    ).rows[0];

  it('is charged with that, as the first of a batch and from the retry table, and is handled when its time has come', async () => {
    await replica.stop();
    await stored.query(`UPDATE consumer_progress SET begun = jsonb_build_object('position', position, 'times', 2)`);
    await start();
    await replica.publish(...['0', '1'].map((key) => new Noted({ key: `in-a-row v ${key}`, how: 'fail' })));
    const { errors } = await eventually(poison, 'the first being charged');
    expect(errors[0]!.error).toMatch(/^Unfinished: 2 times a process began to handle asker.noted.v1, message/);
    await replica.stop();
    await stored.query(`UPDATE parked_message SET begun = 2, attempts = 1, state = 'waiting', due_at = now()`);
    const { length } = (await poison())!.errors;
    await start();
    const later = await eventually(async () => {
      const seen = (await poison())!.errors.slice(length).map(({ error }) => error.split(':')[0]);
      return seen.length >= 2 && seen;
    }, 'the next attempts');
    expect(later.slice(0, 2)).toEqual(['Unfinished', 'Error']);
  });
});
