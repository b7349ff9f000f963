import { describe as suite, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostProcess } from '../support/host-process.js';
import { startHost } from '../support/host-process.js';
import { newKey, Shop } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';

/** A host that has begun an order of which the customer waits for the end. */
async function busyHost() {
  const env = await ownEnv();
  const host = await startHost({ ...env, LOG_LEVEL: 'info' });
  const shop = new Shop(host.url, env.DATA_DIR);
  const [staff, customer, key] = [await shop.staff(), await shop.customer(), newKey()];
  const lines = [{ sku: await staff.stocked(1), quantity: 1 }];
  const answer = customer.place(lines, 'tok_slow', { key, wait: 30 });
  await eventually(async () => (await customer.orders()).items.length === 1, 'the order being accepted');
  return { env, host, customer, key, lines, answer };
}

/** The port that a line of the log tells. */
const portIn = (output: string, msg: string) =>
  (JSON.parse(output.split('\n').find((line) => line.includes(`"msg":"${msg}`))!) as { port: number }).port;

/** Connects several times, and asks nothing that has an end. */
async function holdOn(port: number): Promise<void> {
  const head = 'POST /metrics HTTP/1.1\r\nHost: x\r\n';
  for (const text of ['', 'GET /v1/catalog/products HT', `${head}Content-Length: 10\r\n\r\n12345`]) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    if (text) await new Promise<void>((sent) => socket.write(text, () => sent()));
  }
}

/** Waits until the host says that it stops. */
const stopping = (host: HostProcess) =>
  eventually(() => host.output().includes('"msg":"shutting down'), 'the host stopping');

/** Windows ends a process without asking it. */
const describe = process.platform === 'win32' ? suite.skip : suite;

describe.each(['SIGTERM', 'SIGINT'] as const)('a process that gets %s', (signal) => {
  it('answers what it has begun as it is then, takes nothing new, and ends with 0', async () => {
    const { host, answer } = await busyHost();
    host.kill(signal);
    await stopping(host);
    const refused = await fetch(`${host.url}/v1/catalog/products`).catch(() => undefined);
    expect([undefined, 503]).toContain(refused?.status);
    expect((await answer).expect(202).status).toBe('pending');
    expect(await host.stopped).toMatchObject({ code: 0, signal: null, errors: '' });
  });
});

describe('a process that stops', () => {
  it('does not wait for connections on which nothing is asked', async () => {
    const seam = { SEAM_PORT: '0', SEAM_SECRET: randomBytes(32).toString('base64url') };
    const host = await startHost({ ...(await ownEnv()), ...seam, OPS_PORT: '0', LOG_LEVEL: 'info' });
    const ports = ['seam listening', 'metrics and operations listen'].map((msg) => portIn(host.output(), msg));
    for (const port of [Number(new URL(host.url).port), ...ports]) await holdOn(port);
    const since = performance.now();
    host.kill('SIGTERM');
    expect((await host.stopped).code).toBe(0);
    expect(performance.now() - since).toBeLessThan(15_000);
  }, 60_000);
});

describe('a process that is started after one that was stopped', () => {
  it('finishes what the other had begun, and seeds nothing again', async () => {
    const { env, host, customer, key, lines, answer } = await busyHost();
    host.kill('SIGTERM');
    const { orderId } = (await answer).body;
    expect((await host.stopped).code).toBe(0);
    const shop = new Shop((await startHost(env)).url, env.DATA_DIR);
    const again = await (await shop.customer(subOf(customer.token!))).place(lines, 'tok_slow', { key, wait: 30 });
    expect(again.expect(200)).toEqual({ orderId, status: 'confirmed' });
    const staff = await shop.staff();
    expect(await staff.level('moka-pot')).toEqual({ sku: 'moka-pot', onHand: 3, reserved: 0, available: 3 });
    expect(await staff.charges(orderId)).toMatchObject([{ status: 'approved' }]);
  });
});

const subOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }).sub;
