import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { failureOf } from '../../src/platform/http/problems/failures.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { OUTSIDER } from '../../src/platform/testing/roles.js';
import type { ErasureOptions } from '../../src/platform/operations/erasures.js';
import { erase } from '../../src/platform/operations/erasures.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { eventually, testDatabase } from '../../src/platform/testing/index.js';
import { CommandBus } from '@nestjs/cqrs';
import { heard, letters, people, Register } from '../support/people.js';
import type { Replica } from '../support/replica.js';
import { startReplica } from '../support/replica.js';

const SUBJECT = 'user-of-the-spec-7';
const EMAIL = 'ada.lovelace@example.com';
const REASON = { reason: 'request 12', by: 'a spec', dryRun: false, patienceMs: 100 };
/** What is stored of one person who has registered once, and to whom nobody could write. */
const STORED = {
  people: { person: 1, outbox: 1, command_outcome: 1 },
  post: { parked_message: 1, saga: 1 },
};

let data: TestDatabase;
let replica: Replica;
let lines = '';
beforeAll(async () => {
  data = await testDatabase(people);
  replica = await startReplica(data, people, {}, pino({ level: 'warn' }, { write: (line) => void (lines += line) }));
}, 60_000);
afterAll(async () => {
  await replica.stop();
  await data.drop();
});

const sql = <T extends object>(module: string, text: string, values: unknown[] = []) =>
  replica.sql<T>(module, text, values);
const counts = async (options: Partial<ErasureOptions> = {}, subject = SUBJECT) => {
  const { modules } = await erase(replica.runtime, subject, { ...REASON, ...options });
  return Object.fromEntries(modules.map((each) => [each.module, each.counts]));
};
/** Everything that the schemas hold, as text. */
async function everything(): Promise<string> {
  const texts = await Promise.all(
    ['people', 'post'].map(async (module) => {
      const tables = await sql<{ name: string }>(
        module,
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1`,
        [module],
      );
      const rows = await Promise.all(tables.map(({ name }) => sql(module, `SELECT t::text FROM "${name}" t`)));
      return JSON.stringify(rows);
    }),
  );
  return texts.join();
}

/** How often the person and their address are stored. */
async function named(): Promise<number[]> {
  const text = await everything();
  return [SUBJECT, EMAIL].map((value) => text.split(value).length - 1);
}

/** Registers somebody as a request of their own does, and waits until all have heard of it. */
async function registered(userId = SUBJECT, email = EMAIL): Promise<Register> {
  const command = new Register({ id: randomUUID(), userId, email });
  await request(command);
  await eventually(() => heard.includes(command.id), 'the others hearing of it');
  const known = `SELECT FROM parked_message WHERE key LIKE '%' || $1 AND state = 'dead'`;
  if (letters.fails) await eventually(async () => (await sql('post', known, [command.id])).length > 0, 'a dead letter');
  await eventually(
    async () => (await sql('post', 'SELECT FROM saga WHERE id = $1', [command.id])).length > 0,
    'a saga',
  );
  return command;
}

function request(command: Register): Promise<{ email: string }> {
  const actor = { sub: command.userId, role: OUTSIDER };
  const context = childContext('test', 'test', { key: command.id, repeatedBy: 'client', actor });
  return runInScope(context, undefined, () => replica.app.get(CommandBus).execute(command));
}

describe('an erasure', () => {
  let command: Register;
  beforeAll(async () => {
    await registered('somebody-else', 'grace@example.com');
    command = await registered();
  }, 30_000);

  it('says beforehand what it would erase, and changes nothing', async () => {
    const before = await named();
    expect(before[0]).toBeGreaterThan(5);
    expect(await counts({ dryRun: true })).toEqual(STORED);
    expect(await named()).toEqual(before);
  });

  it('leaves nothing of the person, and everything of others, also where partitions and messages are put aside', async () => {
    await sql('people', 'CREATE TABLE outbox_900000001 (LIKE outbox INCLUDING ALL)');
    await sql('people', 'INSERT INTO outbox_900000001 SELECT * FROM outbox');
    const shelve = `INSERT INTO shelved_message SELECT consumer, type, to_jsonb(p), parked_at FROM parked_message p`;
    await sql('post', shelve);
    await sql(
      'people',
      `INSERT INTO delayed_command SELECT id, aggregatetype, aggregateid, type, payload, headers, now() + interval '1 day' FROM outbox`,
    );
    await sql('post', `INSERT INTO named_timeout SELECT saga, id, 'late', now(), 1, state::text FROM saga`);
    lines = '';
    expect(await counts()).toEqual({
      people: { ...STORED.people, outbox: 2, delayed_command: 1 },
      post: { ...STORED.post, shelved_message: 1, named_timeout: 1 },
    });
    const after = await everything();
    for (const value of [EMAIL, SUBJECT]) expect(after).not.toContain(value);
    for (const value of ['grace@example.com', 'somebody-else', 'kept']) expect(after).toContain(value);
    await sql('people', 'DROP TABLE outbox_900000001');
  });

  it('is noted: who, when, why and of how much, without the person', () => {
    const noted = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(noted).toHaveLength(2);
    expect(noted[1]).toMatchObject({ audit: 'erasure', by: 'a spec', reason: 'request 12', time: expect.any(Number) });
    expect(noted[1]!['subject']).toBe(noted[0]!['subject']);
    for (const value of [EMAIL, SUBJECT]) expect(lines).not.toContain(value);
  });

  it('finds nothing when it is repeated, nor of somebody who does not exist', async () => {
    expect(await counts()).toEqual({ people: {}, post: {} });
    expect(await counts({}, 'nobody-of-this-name')).toEqual({ people: {}, post: {} });
  });

  it('leaves messages that can still be handled', async () => {
    letters.fails = false;
    const text = `UPDATE parked_message SET state = 'waiting', attempts = 0, due_at = now() WHERE key LIKE '%' || $1`;
    await sql('post', text, [command.id]);
    await eventually(() => letters.sent.length > 0, 'the letter');
    expect(letters.sent).toEqual(['erased@example.invalid']);
  });

  it('has a repeated command refused as erased, and with 410 where HTTP answers', async () => {
    const failure: unknown = await request(command).catch((error: unknown) => error);
    expect(failureOf(failure)).toMatchObject({ status: 410, code: 'erased' });
    expect(await sql('people', 'SELECT FROM person WHERE id = $1', [command.id])).toHaveLength(1);
  });

  it('is of no other content to a version that does not know of it: that refuses the command as well', async () => {
    const text = `SELECT content, subject FROM command_outcome WHERE fingerprint = 'erased'`;
    expect(await sql('people', text)).toEqual([{ content: null, subject: null }]);
  });
});

describe('while others are at work', () => {
  it('the readers of the outbox wait for no erasure', async () => {
    const { id } = await registered('held-person', 'held@example.com');
    const holder = await replica.runtime.database('people').pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM outbox_1 WHERE aggregateid = $1 FOR UPDATE', [id]);
    const erasing = counts({}, 'held-person');
    const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE outbox_1 %'`;
    await eventually(async () => (await sql('people', waits)).length > 0, 'the erasure in the middle of its statement');
    await registered('reader-person', 'reader@example.com');
    await holder.query('ROLLBACK');
    holder.release();
    expect(await erasing).toMatchObject({ people: { outbox: 1 }, post: { saga: 1 } });
  });

  it('a row that is being handled is left, and told of; the next erasure finds it', async () => {
    letters.fails = true;
    await registered('busy-person', 'busy@example.com');
    const holder = await replica.runtime.database('post').pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM parked_message FOR UPDATE');
    const { modules } = await erase(replica.runtime, 'busy-person', REASON);
    expect(modules[1]).toMatchObject({ counts: { saga: 1 }, busy: 1 });
    await holder.query('ROLLBACK');
    holder.release();
    expect(await counts({}, 'busy-person')).toEqual({ people: {}, post: { parked_message: 1 } });
  });

  it('what goes wrong with one module keeps no other from being seen to, and is told without the person', async () => {
    await registered('unlucky-person', 'unlucky@example.com');
    letters.eraserFails = true;
    const { modules } = await erase(replica.runtime, 'unlucky-person', REASON);
    expect(modules[0]).toMatchObject({ module: 'people', counts: STORED.people });
    expect(modules[1]).toMatchObject({ module: 'post', counts: {}, failure: 'Error: cannot erase …' });
    letters.eraserFails = false;
    expect(await counts({}, 'unlucky-person')).toEqual({ people: {}, post: STORED.post });
  });
});

it.each([
  ['an empty one', ' ', {}, 'SUBJECT has to be the id of a person'],
  ['one with a control character', 'a\0b', {}, 'SUBJECT has to be the id of a person'],
  ['the platform', 'system', {}, '"system" stands for no person'],
  ['what was erased', 'erased', {}, '"erased" stands for no person'],
  ['nobody says why', 'x', { reason: ' ' }, '--reason has to say why'],
  ['the reason names the person', 'ada', { reason: 'ada wants it' }, '--reason names the person'],
])('a subject that cannot be meant is refused: %s', async (_, subject, options, message) => {
  await expect(erase(replica.runtime, subject, { ...REASON, ...options })).rejects.toThrow(message);
});
