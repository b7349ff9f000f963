import { get, rawRequest } from '../../../../test/support/raw-http.js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { mintDevelopmentToken } from '../../http/auth/auth.js';
import type { Doors } from '../fixtures/doors.js';
import { closeGate, gate, openDoors } from '../fixtures/doors.js';
import { OUTSIDER } from '../../testing/roles.js';

const open = new Set<{ close(): unknown }>();
afterEach(async () => {
  for (const each of open) await each.close();
  open.clear();
});

async function doors(options: Parameters<typeof openDoors>[0] = {}): Promise<Doors> {
  const opened = await openDoors(options);
  open.add(opened);
  return opened;
}

interface Who {
  sub: string;
  ip: string;
  headers: IncomingHttpHeaders;
  query: object;
}
const WHO = '/v1/doors/who';
/** As the front door asks for a client of that address. */
async function from(client: string, { client: seam }: Doors, headers: Record<string, string> = {}) {
  const path = `/seam/v1/http${WHO}`;
  const request = { method: 'GET', path, body: '', headers, client, timeoutMs: 10_000 };
  const { status, body } = await seam.forward({ ...request, signal: new AbortController().signal });
  return { status, body: (await json(body)) as Who };
}

describe('a route of a module in another process', () => {
  it('is answered as if it were here: status, headers and body', async () => {
    const { url } = await doors();
    const posted = await fetch(`${url}/v1/doors/echo`, {
      method: 'POST',
      body: '{"a":"ü"}',
      headers: { 'content-type': 'application/json' },
    });
    expect([posted.status, await posted.json()]).toEqual([201, { a: 'ü' }]);
    expect(posted.headers.get('x-seam-forwarded')).toBe(null);
    expect((await fetch(`${url}/v1/doors/cookies`)).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect((await fetch(`${url}/v1/doors/one`, { method: 'DELETE' })).status).toBe(204);
    const head = await fetch(`${url}${WHO}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${url}/v1/doors/none`)).status).toBe(404);
  });

  it('is answered where the code of its module is not, and nothing else is', async () => {
    const { url } = await doors({ away: true });
    expect((await fetch(`${url}${WHO}`)).status).toBe(200);
    expect((await fetch(`${url}/v1/windows`)).status).toBe(404);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain(WHO);
  });

  it('is answered however its request is written, and as large as the public listener takes it', async () => {
    const { url } = await doors();
    expect((await rawRequest(url, get(`http://doors.test${WHO}`))).status).toBe(200);
    // Routers take what stands behind a # for the query.
    for (const mark of ['?', '#']) {
      const { status, body } = await rawRequest(url, get(`${WHO}${mark}part=1`));
      expect([status, (JSON.parse(body) as Who).query]).toEqual([200, { part: '1' }]);
    }
    expect((await rawRequest(url, get(`${WHO}?x=${'x'.repeat(7000)}`))).status).toBe(200);
    expect((await rawRequest(url, get(WHO, `\nX-Large: ${'x'.repeat(15_900)}`))).status).toBe(200);
    const tooLarge = await rawRequest(url, get(WHO, `\nX-Large: ${'x'.repeat(17_000)}`));
    expect([tooLarge.status, (JSON.parse(tooLarge.body) as { code: string }).code]).toEqual([431, 'headers_too_large']);
  });

  it('knows the client by token and address, whatever else its request says', async () => {
    const place = await doors();
    const token = await mintDevelopmentToken(place.dataDir, { sub: 'alice', role: OUTSIDER });
    const lies = { 'x-forwarded-for': '198.51.100.1', 'x-seam-forwarded': '1', 'x-seam-signature': 'a.b.c' };
    const headers = { ...lies, authorization: `Bearer ${token}` };
    const asked = (await (await fetch(place.url + WHO, { headers })).json()) as Who;
    expect(asked).toMatchObject({ sub: 'alice', ip: '127.0.0.1' });
    expect((await from('203.0.113.7', place, headers)).body).toMatchObject({ sub: 'alice', ip: '203.0.113.7' });
  });

  it('counts clients, not front doors', async () => {
    const place = await doors({ behind: { rateLimit: 2 } });
    const status = async (address: string) => (await from(address, place)).status;
    const answers = [await status('203.0.113.7'), await status('203.0.113.7'), await status('203.0.113.7')];
    expect([...answers, await status('203.0.113.8')]).toEqual([200, 200, 429, 200]);
  });

  it('is counted at the front door with everything else that a client asks there', async () => {
    const { url } = await doors({ front: { rateLimit: 3 } });
    const bad = { headers: { authorization: 'Bearer x' } };
    const statuses = [];
    for (const init of [{}, bad, {}, {}, bad]) statuses.push((await fetch(url + WHO, init)).status);
    expect(statuses).toEqual([200, 401, 200, 429, 429]);
  });

  it('does not see what belongs to the connection of the client', async () => {
    const { url } = await doors();
    const headers = { connection: 'keep-alive, x-private', 'x-private': '1', 'x-mine': '2', te: 'trailers' };
    const { status, body } = await raw(`${url}${WHO}`, 'GET', headers);
    const seen = (JSON.parse(body) as Who).headers;
    expect([status, seen['x-mine'], seen['x-private'], seen.te]).toEqual([200, '2', undefined, undefined]);
  });

  it('takes a body that the client asks about beforehand', async () => {
    const { url } = await doors();
    const headers = { expect: '100-continue', 'content-type': 'application/json' };
    expect(await raw(`${url}/v1/doors/echo`, 'POST', headers, '{"a":1}')).toEqual({ status: 201, body: '{"a":1}' });
  });

  it('takes no body over 100 kB', async () => {
    const { url } = await doors();
    const body = JSON.stringify({ a: 'x'.repeat(101 * 1024) });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/doors/echo`, { method: 'POST', body, headers });
    expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'payload_too_large' }]);
  });
});

describe('an answer that is made bit by bit', () => {
  it('reaches the client as it is made', async () => {
    const { url } = await doors();
    closeGate();
    const reader = (await fetch(`${url}/v1/doors/parts`)).body!.getReader();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('first, ');
    gate.open();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('second');
    expect((await reader.read()).done).toBe(true);
  });

  it('an answer that is made bit by bit and breaks off, does not look complete', async () => {
    const { url } = await doors();
    closeGate();
    const answer = await fetch(`${url}/v1/doors/broken`);
    gate.open();
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('the front door of a module that is not there', () => {
  it('says 503 with Retry-After, and leaves it alone after five failures', async () => {
    const away = await nobody();
    const { url } = await doors({ elsewhere: away.url });
    const ask = async (method: string) => await fetch(`${url}${WHO}`, { method });
    for (let n = 0; n < 5; n++) {
      const answer = await ask('POST');
      expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'unavailable' }]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(away.asked()).toBe(5);
    expect((await ask('GET')).status).toBe(503);
    expect(away.asked()).toBe(5);
  });

  it('asks again by itself only where nothing can happen twice', async () => {
    const away = await nobody();
    const { url } = await doors({ elsewhere: away.url });
    await fetch(`${url}${WHO}`);
    expect(away.asked()).toBe(3);
    await fetch(`${url}${WHO}`, { method: 'POST' });
    expect(away.asked()).toBe(4);
  });

  it('is not shut by clients who do not wait', async () => {
    const { url } = await doors();
    closeGate();
    for (let n = 0; n < 6; n++) {
      const hurry = AbortSignal.timeout(50);
      await expect(fetch(`${url}/v1/doors/slow`, { signal: hurry })).rejects.toThrow();
    }
    expect((await fetch(`${url}${WHO}`)).status).toBe(200);
  });

  it('does not tell a client that its token is bad when the processes do not trust each other', async () => {
    const { url, lines } = await doors({ secret: 'another'.repeat(6) });
    const answer = await fetch(`${url}${WHO}`);
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'internal_error' }]);
    expect(lines.map(({ err }) => err?.message).join()).toMatch(/do not share SEAM_SECRET/);
  });
});

/** Takes connections, counts them, and ends them. */
async function nobody() {
  let asked = 0;
  const server = createServer((socket) => {
    asked++;
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  open.add({ close: () => server.close() });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

/** What `fetch` does not send. */
async function raw(url: string, method: string, headers: Record<string, string>, content = '') {
  const request = httpRequest(url, { method, headers });
  if (headers['expect']) request.flushHeaders();
  else request.end();
  request.once('continue', () => request.end(content));
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, body: Buffer.concat(parts).toString() };
}
