import { expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { busyHost, stopping } from '../support/busy-host.js';
import { startHost } from '../support/host-process.js';
import { needsSignals } from '../support/needs.js';
import { ownEnv } from '../support/stage.js';

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

const describe = needsSignals();

describe('a process that gets SIGTERM', () => {
  it('answers what it has begun as it is then, takes nothing new, and ends with 0', async () => {
    const { host, answer } = await busyHost();
    host.kill('SIGTERM');
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
