import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Actor } from '../../messaging/context/context.js';
import { childContext, runInScope } from '../../messaging/context/context.js';
import { erase } from '../../operations/erasures.js';
import { failureOf } from '../../http/problems/failures.js';
import { ContractViolation, DomainError, Unavailable } from '../../messaging/errors.js';
import type { Runtime } from '../../runtime/runtime.js';
import { eventually } from '../../testing/index.js';
import { fromCloudEvent } from '../events/cloud-events.js';
import type { NotesHost } from '../fixtures/notes.js';
import {
  BurnNote,
  callerOf,
  NewerNotesModule,
  notesHost,
  NoteWritten,
  SECRET,
  WhoAsks,
  WriteNote,
} from '../fixtures/notes.js';
import { SeamClient } from './seam-client.js';
import { seamKey, signSeamRequest } from './seam-token.js';
import { OPERATOR, OUTSIDER } from '../../testing/roles.js';

let host: NotesHost;
let caller: Runtime;
let client: SeamClient;
beforeAll(async () => {
  host = await notesHost(async ({ raw: { method, headers }, url, body }, response) => {
    response.writeHead(418, { 'x-seen': `${method} ${url} ${String(headers['x-mine'] ?? '')}` }).end(body);
  });
  client = new SeamClient({ module: 'notes', url: host.url }, { sender: 'shop', secret: SECRET });
  caller = callerOf(client);
}, 60_000);
afterAll(async () => {
  await caller.stop();
  await host.close();
});

const alice: Actor = { sub: 'alice', role: OUTSIDER };
const topic = () => `topic-${randomUUID()}`;
/** Asks as a request of alice's does. */
const ask = (message: object, more: object = {}) => {
  const context = childContext('test', 'test', { actor: alice, deadline: Date.now() + 5000, ...more });
  return runInScope(context, undefined, () => caller.dispatcher.ask(message)) as Promise<Record<string, unknown>>;
};
const notes = async (about: string) =>
  (await host.runtime.database('notes').pool.query('SELECT text FROM note WHERE topic = $1', [about])).rows;

describe('a message to a module in another process', () => {
  it('is answered, and brings its actor and correlation along', async () => {
    const answer = await ask(new WhoAsks({}), { correlationId: 'corr-1' });
    expect(answer).toMatchObject({ ...alice, correlationId: 'corr-1' });
    expect(await ask(new WriteNote({ topic: topic(), text: 'a' }))).toEqual({ count: 1, by: 'alice' });
  });

  it('is answered with plain data that nobody can change', async () => {
    expect(Object.isFrozen(await ask(new WhoAsks({})))).toBe(true);
  });

  it('is answered with 410 at the front door when its record was erased', async () => {
    const [about, key] = [topic(), randomUUID()];
    const again = () => ask(new WriteNote({ topic: about, text: 'a' }), { key });
    expect(await again()).toEqual(await again());
    const erasure = { reason: 'a spec', by: 'a spec', dryRun: false };
    const { modules } = await erase(host.runtime, about, erasure);
    expect(modules).toEqual([{ module: 'notes', counts: { command_outcome: 1 }, busy: 0 }]);
    const failure: unknown = await again().catch((error: unknown) => error);
    expect(failureOf(failure)).toMatchObject({ status: 410, code: 'erased' });
    expect(await notes(about)).toHaveLength(1);
    expect(await erase(caller, about, erasure)).toEqual({ modules: [], elsewhere: ['notes'] });
  });

  it('fails with the errors of its contract, as if it had been handled here', async () => {
    const error = (await ask(new WriteNote({ topic: 'closed', text: 'a' })).catch(
      (each: unknown) => each,
    )) as DomainError;
    expect(error).toBeInstanceOf(DomainError);
    expect(error.toWire()).toEqual({
      kind: 'conflict',
      code: 'topic_closed',
      message: 'Nothing can be added.',
      details: { topic: 'closed' },
    });
    expect(await notes('closed')).toEqual([]);
  });

  it('fails without a word about the fault behind it', async () => {
    const error = (await ask(new WriteNote({ topic: 'broken', text: 'a' })).catch(
      (each: unknown) => each,
    )) as Unavailable;
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.reason).toBe('fault');
    expect(error.message).not.toContain('secret');
    expect(host.lines.some(({ err }) => err?.message.includes('the pen broke'))).toBe(true);
  });

  it('knows how long its caller waits, whatever the clock there says', async () => {
    const { leftMs } = await ask(new WhoAsks({}), { deadline: Date.now() + 700 });
    expect(leftMs).toBeGreaterThan(300);
    expect(leftMs).toBeLessThanOrEqual(700);
  });

  it('is given up at the deadline', async () => {
    const since = performance.now();
    await expect(ask(new WhoAsks({ takeMs: 2000 }), { deadline: Date.now() + 200 })).rejects.toMatchObject({
      reason: 'timeout',
    });
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('has a bound even if its caller has none', async () => {
    expect((await ask(new WhoAsks({}), { deadline: undefined }))['leftMs']).toBeLessThanOrEqual(10_000);
  });

  it('has one effect when it is sent twice with the same key, and the same answer', async () => {
    const message = new WriteNote({ topic: topic(), text: 'once' });
    // Each scope begins to count its children anew, as a repetition does.
    const answers = [await ask(message, { key: 'k1' }), await ask(message, { key: 'k1' })];
    expect(answers).toEqual([
      { count: 1, by: 'alice' },
      { count: 1, by: 'alice' },
    ]);
    expect(await notes(message.topic)).toHaveLength(1);
  });

  it('tells who may repeat it; where an older caller does not, it is kept as long as a message needs', async () => {
    const who = async (more: object) => {
      const message = new WriteNote({ topic: topic(), text: 'x' });
      await ask(message, more);
      const text = `SELECT repeated_by AS by FROM command_outcome ORDER BY created_at DESC LIMIT 1`;
      return (await host.runtime.database('notes').pool.query<{ by: string }>(text)).rows[0]!.by;
    };
    expect(await who({ key: 'k3', repeatedBy: 'client' })).toBe('client');
    expect(await who({ key: 'k4', repeatedBy: 'message' })).toBe('message');
    expect(await who({ key: 'k5' })).toBe('message');
    expect(await who({})).toBe('client');
  });

  it('a message to a module in another process with the key of another content is refused', async () => {
    const about = topic();
    await ask(new WriteNote({ topic: about, text: 'one' }), { key: 'k2' });
    await expect(ask(new WriteNote({ topic: about, text: 'other' }), { key: 'k2' })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });
});

const PATH = '/seam/v1/messages';
const body = (about: string, actor: Actor = alice) => {
  const { key: _, ...context } = { ...childContext(WriteNote.definition.name, 'notes', { actor }), key: '' };
  return JSON.stringify({ context, payload: { topic: about, text: 'x' } });
};
const sign = (content: string, change: object = {}, secret = SECRET) =>
  signSeamRequest(seamKey(secret), {
    sender: 'shop',
    receiver: 'notes',
    method: 'POST',
    path: PATH,
    body: content,
    ...change,
  });
const post = (content: string, token?: string) =>
  fetch(host.url + PATH, { method: 'POST', body: content, headers: token ? { 'x-seam-signature': token } : {} });
/** Everything that is refused is logged, with why and with who it was. */
const logged = (why: RegExp) =>
  host.lines.some(({ msg, err }) => msg === 'refused a request to the seam' && why.test(err!.message));

describe('the internal listener', () => {
  const forged: [what: string, token: (content: string) => string | undefined, why: RegExp][] = [
    ['without a signature', () => undefined, /not signed/],
    ['with the signature of another secret', (content) => sign(content, {}, 'x'.repeat(32)), /signature is wrong/],
    ['signed for another module', (content) => sign(content, { receiver: 'catalog' }), /meant for catalog/],
    ['signed for another body', () => sign('{}'), /body is not/],
    ['signed for another path', (content) => sign(content, { path: '/seam/v1/feeds/notes' }), /another request/],
  ];
  it.each(forged)('refuses a message %s with 401, says no more, and logs why', async (_, token, why) => {
    const about = topic();
    const answer = await post(body(about), token(body(about)));
    expect([answer.status, await answer.json()]).toEqual([401, { error: 'refused' }]);
    expect(logged(why)).toBe(true);
    expect(await notes(about)).toEqual([]);
  });

  it('refuses a stale signature', async () => {
    const content = body(topic());
    const [header, claims] = sign(content).split('.');
    expect(JSON.parse(Buffer.from(claims!, 'base64url').toString())).toMatchObject({ exp: expect.any(Number) });
    const real = Date.now;
    let stale: string;
    try {
      Date.now = () => real() - 60_000;
      stale = sign(content);
    } finally {
      Date.now = real;
    }
    expect(header).toBeDefined();
    expect((await post(content, stale)).status).toBe(401);
    expect(logged(/expired/)).toBe(true);
  });

  it('takes a signed message once', async () => {
    const about = topic();
    const content = body(about);
    const token = sign(content);
    expect((await post(content, token)).status).toBe(200);
    expect((await post(content, token)).status).toBe(401);
    expect(logged(/sent before/)).toBe(true);
    expect(await notes(about)).toHaveLength(1);
  });

  it('reads no more than a megabyte, and says so', async () => {
    const about = topic();
    const large = new WriteNote({ topic: about, text: 'x'.repeat(1024 * 1024) });
    await expect(ask(large)).rejects.toMatchObject({ reason: 'fault', message: expect.stringContaining('1 MB') });
    expect(await notes(about)).toEqual([]);
    expect(await ask(new WriteNote({ topic: about, text: 'small' }))).toMatchObject({ count: 1 });
  });

  it('reads nothing of a request that nobody has signed', async () => {
    const { hostname, port } = new URL(host.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /seam/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 401 [^]*connection: close/i);
    await once(socket, 'close');
  });

  it.each([
    ['a role that nobody has', { sub: 'alice', role: 'nobody-has-it' }],
    ['no name', { sub: '', role: OPERATOR }],
    ['a name over two lines', { sub: 'alice\nstaff', role: OUTSIDER }],
  ])('refuses a signed message of somebody with %s', async (_, actor) => {
    const about = topic();
    const content = body(about, actor);
    expect((await post(content, sign(content))).status).toBe(400);
    expect(await notes(about)).toEqual([]);
  });

  it('says 501 for a message that this version does not know, and 404 for other paths', async () => {
    const content = body(topic()).replace('write-note.v1', 'write-note.v9');
    expect((await post(content, sign(content))).status).toBe(501);
    expect((await client.request('GET', '/metrics', '', 1000)).status).toBe(404);
  });

  it('tells the caller of a message that it does not know which one, and that the versions differ', async () => {
    const older = callerOf(new SeamClient({ module: 'notes', url: host.url }, { sender: 'shop', secret: SECRET }), [
      NewerNotesModule,
    ]);
    const { reason, message } = (await older.dispatcher
      .ask(new BurnNote({ topic: 'x' }))
      .catch((error: unknown) => error)) as Unavailable;
    expect(reason).toBe('fault');
    expect(message).toBe('notes does not know notes.burn-note.v1: the version that runs there is another one.');
    await older.stop();
  });

  it.each([
    ['says nothing', '{}'],
    ['has a list for a payload', body('none').replace(/"payload":.*/, '"payload":[]}')],
    ['has no payload', body('none').replace(/,"payload":.*/, '}')],
  ])('refuses a signed message that %s', async (_, content) => {
    const answer = await post(content, sign(content));
    expect([answer.status, await answer.json()]).toMatchObject([400, { reason: 'fault' }]);
  });

  it('hands forwarded requests on as they came', async () => {
    const answer = await client.request('PUT', '/seam/v1/http/v1/x?y=%20', 'bytes \u0000', 1000, { 'x-mine': '1' });
    expect(answer).toMatchObject({ status: 418, headers: { 'x-seen': 'PUT /v1/x?y=%20 1' } });
    expect(answer.body.toString()).toBe('bytes \u0000');
  });

  it('shows the feed of its module as a batch of CloudEvents', async () => {
    const about = topic();
    await ask(new WriteNote({ topic: about, text: 'news' }));
    const type = encodeURIComponent(NoteWritten.definition.name);
    const read = async () => {
      const answer = await client.request(
        'GET',
        `/seam/v1/feeds/notes?after=0&limit=1000&stream=notes&type=${type}`,
        '',
        1000,
      );
      expect(answer.headers['content-type']).toContain('application/cloudevents-batch+json');
      const events = (JSON.parse(answer.body.toString()) as unknown[]).map(fromCloudEvent);
      return events.find(({ aggregateid }) => aggregateid === about);
    };
    const event = await eventually(read, 'the event being in the feed');
    expect(event).toMatchObject({
      producer: 'notes',
      payload: { topic: about, text: 'news' },
      headers: { actor: alice },
    });
  });
});

describe('a question about a feed', () => {
  it.each([
    'after=x',
    'after=-1',
    'after=1.5',
    'after=',
    'limit=0',
    'limit=x',
    'bytes=1e3',
    'after=NaN',
    `after=${'9'.repeat(16)}`,
  ])('is refused for %s, which is no whole number', async (wrong) => {
    const { status, body } = await client.request('GET', `/seam/v1/feeds/notes?stream=notes&${wrong}`, '', 1000);
    expect([status, body.toString()]).toEqual([400, expect.stringContaining('expected whole numbers')]);
    const settled = await client.request('GET', `/seam/v1/feeds/notes/settled?wait=0&${wrong}`, '', 1000);
    expect(settled.status).toBe(400);
  });

  it.each(['', '{', '{}', '[{"consumer":"x"}]', '[{"module":"x","oldestMs":-1}]'])(
    'takes no report that is none: %s',
    async (wrong) => {
      for (const what of ['readers', 'holders']) {
        const { status, body } = await client.request('POST', `/seam/v1/feeds/notes/${what}`, wrong, 1000);
        expect([status, body.toString()]).toEqual([400, expect.stringContaining('no report')]);
      }
    },
  );
});

describe('a process with another secret', () => {
  it('is told that the secrets differ, and is not asked again', async () => {
    const stranger = callerOf(
      new SeamClient({ module: 'notes', url: host.url }, { sender: 'shop', secret: 'another'.repeat(6) }),
    );
    const before = host.lines.length;
    await expect(stranger.dispatcher.ask(new WhoAsks({}))).rejects.toThrow(ContractViolation);
    await expect(stranger.dispatcher.ask(new WhoAsks({}))).rejects.toThrow(/do not share SEAM_SECRET/);
    expect(host.lines.length - before).toBe(2);
    await stranger.stop();
  });
});

describe('a process that stops', () => {
  it('answers what was asked, and keeps no connection, however much is asked of it', async () => {
    const stopping = await notesHost();
    const busy = new SeamClient({ module: 'notes', url: stopping.url }, { sender: 'shop', secret: SECRET });
    const asking = callerOf(busy);
    const long = asking.dispatcher.ask(new WhoAsks({ takeMs: 300 }));
    let over = false;
    const others = Array.from({ length: 4 }, async () => {
      while (!over) {
        await asking.dispatcher.ask(new WhoAsks({})).catch(() => undefined);
        await setImmediate();
      }
    });
    await eventually(() => busy.answers(), 'some traffic');
    await stopping.close();
    expect(await long).toMatchObject({ role: 'system' });
    over = true;
    await Promise.all(others);
    await asking.stop();
  });
});
