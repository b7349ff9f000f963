import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import { CommandBus } from '@nestjs/cqrs';
import { createHash } from 'node:crypto';
import { keepOutbox } from '../../src/platform/delivery/maintenance/retention.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { forgetModule, silentModules } from '../../src/platform/operations/silent-modules.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { Asked, AskerModule, Book, ledgerModule, Mark, mood, NewerBook } from '../support/ledger.js';
import type { TestPart } from '../support/parts.js';
import { startPart } from '../support/parts.js';
import { startReplica } from '../support/replica.js';
import type { Replica } from '../support/replica.js';

const DAY = 86_400_000;
const older = [ledgerModule(Book), AskerModule];
const newer = [ledgerModule(NewerBook), AskerModule];

let data: TestDatabase;
let replica: Replica;
beforeAll(async () => void (data = await testDatabase(older)));
afterAll(() => data.drop());
beforeEach(() => void Object.assign(mood, { failsAfter: new Set(), backwards: false, skips: true }));

const sql = <T extends object>(module: string, text: string, values: unknown[] = []) =>
  replica.sql<T>(module, text, values);
const entries = async () =>
  (await sql<{ line: string }>('ledger', 'SELECT line FROM entry ORDER BY line')).map(({ line }) => line);
const dead = async () => (await sql('asker', `SELECT 1 FROM parked_message WHERE state = 'dead'`)).length > 0;
const parked = async () => (await sql('asker', 'SELECT 1 FROM parked_message')).length;
/** As `npm run deliveries -- retry --all`. */
const retry = () => sql('asker', `UPDATE parked_message SET state = 'waiting', attempts = 0, due_at = now()`);

describe('a command with the key of a client', () => {
  beforeAll(async () => void (replica = await startReplica(data, older)));
  afterAll(() => replica.stop());

  it('gets its outcome also of a version with another default, and is refused with another content', async () => {
    const first = await replica.execute(new Book({ line: 'a' }), 'key');
    await replica.stop();
    replica = await startReplica(data, newer);
    expect(await replica.execute(new NewerBook({ line: 'a' }), 'key')).toEqual(first);
    await expect(replica.execute(new NewerBook({ line: 'a', channel: 'app' }), 'key')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    await replica.stop();
    replica = await startReplica(data, older);
    expect(await replica.execute(new Book({ line: 'a' }), 'key')).toEqual(first);
  });

  it('gets the outcome that version 0.1 has written, which knew nothing of defaults', async () => {
    const written = `INSERT INTO command_outcome (type, key, fingerprint, outcome) VALUES ('ledger.book.v1', $1, $2, $3)`;
    const fingerprint = createHash('sha256').update('{"line":"b"}').digest('base64url');
    await sql('ledger', written, ['old/0', fingerprint, { ok: true, result: { entries: 77 } }]);
    expect(await replica.execute(new Book({ line: 'b' }), 'old')).toEqual({ entries: 77 });
    await replica.stop();
    replica = await startReplica(data, newer);
    expect(await replica.execute(new NewerBook({ line: 'b' }), 'old')).toEqual({ entries: 77 });
    await expect(replica.execute(new NewerBook({ line: 'c' }), 'old')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });
});

describe('the commands of one request', () => {
  beforeAll(async () => void (replica = await startReplica(data, older)));
  afterAll(() => replica.stop());
  const request = async (key: string, ...commands: Command<unknown>[]) => {
    const results: unknown[] = [];
    await runInScope(childContext('test', 'test', { key, repeatedBy: 'client' }), undefined, async () => {
      for (const command of commands) results.push(await replica.app.get(CommandBus).execute(command));
    });
    return results;
  };
  const [mark, book] = [new Mark({ line: 'x' }), new Book({ line: 'x' })];

  it('act once also when a version executes them in another order', async () => {
    const [, first] = await request('both', mark, book);
    expect(await request('both', book, mark)).toEqual([first, undefined]);
  });

  it('act once when version 0.1 has executed them, which numbered them', async () => {
    const [, first] = await request('numbered', mark, book);
    const text = `UPDATE command_outcome SET key = 'numbered/1', content = NULL WHERE key = 'numbered/0'`;
    await sql('ledger', text);
    expect(await request('numbered', mark, book)).toEqual([undefined, first]);
  });
});

describe('the commands of a message that is handled again', () => {
  beforeAll(async () => void (replica = await startReplica(data, older)));
  afterAll(() => replica.stop());
  beforeEach(async () => {
    await sql('ledger', 'DELETE FROM entry');
    await sql('asker', 'DELETE FROM done');
  });
  const lines = ['1', '2', '3'];
  const handledAgain = async (change: Partial<typeof mood>) => {
    await eventually(dead, 'a dead letter');
    Object.assign(mood, { failsAfter: new Set() }, change);
    await retry();
    await eventually(async () => (await parked()) === 0, 'the message being handled');
  };

  it('act once when the handler leaves out what is done', async () => {
    mood.failsAfter.add('2');
    await replica.publish(new Asked({ key: 'skips', lines }));
    await handledAgain({});
    expect(await entries()).toEqual(lines);
  });

  it('act once when a version asks in another order', async () => {
    mood.failsAfter.add('2');
    await replica.publish(new Asked({ key: 'reorders', lines }));
    await handledAgain({ backwards: true, skips: false });
    expect(await entries()).toEqual(lines);
  });

  it('act as often as they are asked, where they say the same', async () => {
    mood.skips = false;
    mood.failsAfter.add('2');
    await replica.publish(new Asked({ key: 'twice', lines: ['1', '1', '2', '1'] }));
    await handledAgain({ skips: false });
    expect(await entries()).toEqual(['1', '1', '1', '2']);
  });

  it('act once when version 0.1 has begun, which numbered them', async () => {
    mood.failsAfter.add('2');
    mood.skips = false;
    await replica.publish(new Asked({ key: 'in flight', lines: ['1', '1', '2', '3'] }));
    await eventually(dead, 'a dead letter');
    // Book 1, mark, book 1, mark, book 2: the keys that 0.1 gave to them.
    const text = `UPDATE command_outcome SET key = $3, fingerprint = $4, content = NULL
                   WHERE key = (SELECT key FROM command_outcome WHERE key LIKE $1 AND type = $2 ORDER BY created_at LIMIT 1)`;
    const [{ id } = { id: '' }] = await sql<{ id: string }>('asker', 'SELECT message_id AS id FROM parked_message');
    const hash = (line: string) => createHash('sha256').update(JSON.stringify({ line })).digest('base64url');
    for (const [position, line] of [
      [0, '1'],
      [2, '1'],
      [4, '2'],
    ] as const)
      await sql('ledger', text, [`${id}/______________________%`, 'ledger.book.v1', `${id}/${position}`, hash(line)]);
    await handledAgain({ skips: false });
    expect(await entries()).toEqual(['1', '1', '2', '3']);
  });
});

describe('what a module may still repeat is remembered by the others', () => {
  const running = new Set<TestPart>();
  let urls: Record<string, string>;
  let ports: number[];
  let ledger: TestPart;
  beforeAll(async () => {
    ports = await freePorts(2);
    urls = { ledger: `http://127.0.0.1:${ports[0]}`, asker: `http://127.0.0.1:${ports[1]}` };
    ledger = await start(0);
    for (const database of ledger.runtime.databases) await database.pool.query('TRUNCATE entry, command_outcome');
  });
  afterEach(async () => {
    for (const part of running) if (part !== ledger) await stop(part);
  });
  afterAll(async () => {
    for (const part of running) await stop(part);
  });

  async function start(which: 0 | 1): Promise<TestPart> {
    const here = { database: data, modules: older, here: older[which]!, port: ports[which]!, urls };
    const part = await startPart({ ...here, events: { kind: 'feed' } });
    running.add(part);
    return part;
  }
  async function stop(part: TestPart): Promise<void> {
    running.delete(part);
    await part.stop();
  }
  const of = async (part: TestPart, text: string, values: unknown[] = []) =>
    (await part.runtime.databases[0]!.pool.query(text, values)).rows;
  const publish = async (part: TestPart, event: object) => {
    const unit = new UnitOfWork('asker', part.runtime.database('asker').dataSource);
    unit.publish(event);
    await unit.commit();
    part.runtime.watches.get('asker')!.committed();
  };
  /** The ledger looks after its outbox as well, and only one does at a time. */
  const keep = () => eventually(keepOnce, 'nobody else looking after the outbox');
  const keepOnce = () =>
    keepOutbox(ledger.runtime.database('ledger'), [], { keepMs: 7 * DAY, partitionRows: 250_000 }, []);
  const kept = async () =>
    (await of(ledger, 'SELECT repeated_by AS by FROM command_outcome ORDER BY 1')).map(({ by }) => by as string);
  const holder = async () =>
    (
      await of(
        ledger,
        `SELECT oldest_at, now() - reported_at < interval '5s' AS new FROM message_holder WHERE module = 'asker'`,
      )
    )[0];

  it('across processes, until it reports that it holds nothing older', async () => {
    mood.failsAfter.add('dear');
    mood.skips = false;
    let asker = await start(1);
    await publish(asker, new Asked({ key: 'dear', lines: ['dear'] }));
    const isDead = async () => (await of(asker, `SELECT 1 FROM parked_message WHERE state = 'dead'`)).length > 0;
    await eventually(isDead, 'a dead letter');
    // Nine days later, which the asker reports when it starts; beside the command of a client.
    await of(asker, `UPDATE parked_message SET parked_at = now() - interval '9 days'`);
    await stop(asker);
    asker = await start(1);
    const isReported = async () => {
      const at = (await holder())?.oldest_at as Date | null | undefined;
      return !!at && at.getTime() < Date.now() - 8 * DAY;
    };
    await eventually(isReported, 'what it holds being reported');
    await of(
      ledger,
      `INSERT INTO command_outcome (type, key, fingerprint, content, repeated_by) VALUES ('ledger.book.v1', 'web', '', '', 'client')`,
    );
    await of(ledger, `UPDATE command_outcome SET created_at = now() - interval '9 days'`);
    await keep();
    expect(await kept()).toEqual(['message']);
    mood.failsAfter.clear();
    await of(asker, `UPDATE parked_message SET state = 'waiting', attempts = 0, due_at = now()`);
    await eventually(async () => (await of(asker, 'SELECT 1 FROM parked_message')).length === 0, 'it being handled');
    expect(await of(ledger, 'SELECT line FROM entry')).toEqual([{ line: 'dear' }]);
    await stop(asker);
    asker = await start(1);
    await eventually(async () => (await holder())?.oldest_at === null, 'nothing being reported');
    await keep();
    expect(await kept()).toEqual([]);
  });

  it('what a module that reports no more may still repeat is remembered until a person forgets it', async () => {
    await of(
      ledger,
      `INSERT INTO command_outcome (type, key, fingerprint, created_at) VALUES ('ledger.book.v1', 'm', '', now() - interval '9 days')`,
    );
    await of(
      ledger,
      `UPDATE message_holder SET oldest_at = NULL, reported_at = now() - interval '9 days' WHERE module = 'asker'`,
    );
    await keep();
    expect(await kept()).toEqual(['message']);
    expect(await silentModules(ledger.runtime)).toEqual([{ module: 'asker', silentMs: expect.closeTo(9 * DAY, -6) }]);
    await expect(forgetModule(ledger.runtime, 'ledger')).rejects.toMatchObject({ code: 'still_declared' });
    await expect(forgetModule(ledger.runtime, 'nobody')).rejects.toMatchObject({ code: 'unknown_module' });
    await forgetModule(ledger.runtime, 'asker');
    await keep();
    expect(await kept()).toEqual([]);
    await of(ledger, `INSERT INTO message_holder (module) VALUES ('asker')`);
    await expect(forgetModule(ledger.runtime, 'asker')).rejects.toMatchObject({ code: 'still_reporting' });
    expect(await silentModules(ledger.runtime)).toEqual([]);
  });
});
