import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { childContext } from '../../messaging/context/context.js';
import { Unavailable } from '../../messaging/errors.js';
import { eventually } from '../../testing/index.js';
import { SECRET, WhoAsks, WriteNote } from '../fixtures/notes.js';
import { HttpRemoteModule } from './remote-module.js';
import { SeamClient } from './seam-client.js';

type Script = (request: IncomingMessage, body: string, response: ServerResponse) => void;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** A module in another process that answers as the test says; `keys` are those of the messages that came. */
async function remote(script: Script) {
  const asked: { key?: string; id: string; remainingMs: number }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      asked.push((JSON.parse(body) as { context: (typeof asked)[0] }).context);
      script(request, body, response);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const client = new SeamClient(
    { module: 'notes', url: `http://127.0.0.1:${port}` },
    { sender: 'shop', secret: SECRET },
  );
  cleanups.push(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { module: new HttpRemoteModule(client), asked };
}

const answer = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const WRITTEN = { ok: true, result: { count: 1, by: 'alice' } };
const DOWN = { reason: 'down', message: 'The database is away.' };
const write = new WriteNote({ topic: 'tea', text: 'x' });
const context = (deadlineMs = 8000) =>
  childContext(WriteNote.definition.name, 'notes', { deadline: Date.now() + deadlineMs });
const failure = async (work: Promise<unknown>) => (await work.catch((error: unknown) => error)) as Unavailable;

describe('a module in another process', () => {
  it('is asked again after a lost answer, with the same key and id', async () => {
    let left = 2;
    const { module, asked } = await remote((request, _, response) =>
      left-- > 0 ? request.socket.destroy() : answer(response, 200, WRITTEN),
    );
    expect(await module.ask(context(), write)).toEqual(WRITTEN);
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    expect(asked[0]!.key).toBe(asked[0]!.id);
  });

  it('keeps the key that its caller has given', async () => {
    const { module, asked } = await remote((_request, _body, response) => answer(response, 200, WRITTEN));
    await module.ask({ ...context(), key: 'mine' }, write);
    expect(asked.map(({ key }) => key)).toEqual(['mine']);
  });

  it('is asked again when it says that it is away for a moment, and not when its handler broke', async () => {
    let left = 1;
    const away = await remote((_request, _body, response) =>
      left-- > 0 ? answer(response, 503, DOWN) : answer(response, 200, WRITTEN),
    );
    expect(await away.module.ask(context(), write)).toEqual(WRITTEN);
    const broken = await remote((_request, _body, response) =>
      answer(response, 500, { reason: 'fault', message: 'x' }),
    );
    expect((await failure(broken.module.ask(context(), write))).reason).toBe('fault');
    expect(broken.asked).toHaveLength(1);
  });

  it.each([502, 503, 504])('is asked again when a balancer has nobody behind it and says %d', async (status) => {
    let left = 1;
    const { module, asked } = await remote((_request, _body, response) =>
      left-- > 0 ? response.writeHead(status).end('<html>') : answer(response, 200, WRITTEN),
    );
    expect(await module.ask(context(), write)).toEqual(WRITTEN);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['is no JSON', '<html>'],
    ['is no outcome', '{"ok":"maybe"}'],
  ])('a module in another process whose answer %s has broken, and is not asked again', async (_, text) => {
    const { module, asked } = await remote((_request, _body, response) => response.writeHead(200).end(text));
    expect(await failure(module.ask(context(), write))).toMatchObject({
      reason: 'fault',
      message: 'notes.write-note.v1 was answered with something that is no answer.',
    });
    expect(asked).toHaveLength(1);
  });

  it('a module in another process whose answer breaks off is asked again', async () => {
    let left = 1;
    const { module, asked } = await remote((request, _body, response) => {
      if (left-- <= 0) return answer(response, 200, WRITTEN);
      response.writeHead(200, { 'content-length': 1000 }).write('{"ok":true');
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect(await module.ask(context(), write)).toEqual(WRITTEN);
    expect(asked).toHaveLength(2);
  });

  it('is asked again when an attempt takes too long', async () => {
    let left = 1;
    const { module, asked } = await remote((_request, _body, response) => {
      if (left-- <= 0) answer(response, 200, WRITTEN);
    });
    expect(await module.ask(context(), write)).toEqual(WRITTEN);
    expect(asked).toHaveLength(2);
  });

  it('is told each time how long its caller still waits', async () => {
    const { module, asked } = await remote((request) => void request.socket.destroy());
    await failure(module.ask(context(5000), write));
    const spans = asked.map(({ remainingMs }) => remainingMs);
    expect(spans[0]).toBeLessThanOrEqual(5000);
    expect(spans).toEqual([...spans].sort((a, b) => b - a));
    expect(spans.at(-1)).toBeLessThan(spans[0]!);
  });

  it('a module in another process that does not answer is given up at the deadline', async () => {
    const { module } = await remote(() => undefined);
    const since = performance.now();
    expect((await failure(module.ask(context(300), write))).reason).toBe('timeout');
    expect(performance.now() - since).toBeLessThan(1500);
  });

  it('a module in another process that answers with something else than its contract says is a fault, told by name', async () => {
    const { module } = await remote((_request, _body, response) => answer(response, 200, { ok: true, result: {} }));
    await expect(module.ask(context(), write)).rejects.toThrow(/notes\.write-note\.v1 .*another contract/);
  });
});

describe('a module that keeps failing', () => {
  it('is left alone after five failures, and asked again after two seconds', async () => {
    let away = true;
    const { module, asked } = await remote((request, _body, response) =>
      away ? request.socket.destroy() : answer(response, 200, WRITTEN),
    );
    await failure(module.ask(context(), write));
    await failure(module.ask(context(), write));
    const before = asked.length;
    expect(before).toBe(5);
    const since = performance.now();
    const refused = await failure(module.ask(context(), write));
    expect(refused).toMatchObject({ reason: 'down', message: 'notes has not answered lately.' });
    expect(performance.now() - since).toBeLessThan(100);
    expect(asked).toHaveLength(before);
    away = false;
    const recovered = () => module.ask(context(), write);
    expect(await eventually(recovered, 'the circuit closing', 10_000)).toEqual(WRITTEN);
    expect(await module.ask(context(), write)).toEqual(WRITTEN);
  });

  it('is not left alone for errors of its contract', async () => {
    const error = { kind: 'conflict', code: 'topic_closed', message: 'x', details: { topic: 'tea' } };
    const { module, asked } = await remote((_request, _body, response) => answer(response, 200, { ok: false, error }));
    for (let n = 0; n < 10; n++) expect(await module.ask(context(), write)).toEqual({ ok: false, error });
    expect(asked).toHaveLength(10);
  });

  it('cannot take up the whole process: what is too much for it is refused at once', async () => {
    const { module } = await remote(() => undefined);
    const query = new WhoAsks({});
    const all = Array.from({ length: 64 + 256 + 10 }, () => failure(module.ask(context(800), query)));
    const refused = (await Promise.all(all)).filter(({ message }) => message === 'notes is too busy.');
    expect(refused.length).toBeGreaterThanOrEqual(10);
  });
});
