import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Certificates } from '../../../../test/support/certificates.js';
import { makeCertificates, readCertificates } from '../../../../test/support/certificates.js';
import { eventually } from '../../testing/index.js';
import type { SeamHost } from './seam-answers.js';
import type { SeamTls } from './seam-client.js';
import { SeamClient } from './seam-client.js';
import { SeamServer } from './seam-server.js';
import { SECRET } from '../fixtures/notes.js';

let ours: Certificates;
let others: Certificates;
beforeAll(async () => {
  const made = await Promise.all([makeCertificates(), makeCertificates()]);
  [ours, others] = (await Promise.all(made.map(readCertificates))) as [Certificates, Certificates];
}, 60_000);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** Asks a process that has our certificates. @returns the status, or what the caller's log says; and the other's log */
async function ask(tls: SeamTls | undefined, scheme = 'https', theirs: SeamTls = ours) {
  const lines: { msg: string; err: { message: string } }[] = [];
  const log = pino(
    { serializers: { err: pino.stdSerializers.err } },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const host = { running: new Set(['notes']), log } as Pick<SeamHost, 'running' | 'log'> as SeamHost;
  const server = new SeamServer(host, () => Promise.reject(new Error('no routes')), { secret: SECRET, tls: theirs });
  const url = `${scheme}://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  const client = new SeamClient({ module: 'notes', url }, { sender: 'shop', secret: SECRET, ...(tls && { tls }) });
  open.push(client, server);
  const answer = client.request('GET', '/seam/v1/none', '', 5000);
  return { lines, result: await answer.then(({ status }) => status, told) };
}

const told = (error: Error) => `${error.message} ${(error.cause as Error).message}`;

describe('a seam with certificates', () => {
  it('is open to a process with one of the same authority', async () => {
    expect(await ask(ours)).toEqual({ result: 404, lines: [] });
  });

  it.each([
    ['without one', () => ({ ca: ours.ca })],
    ['with one of another authority', () => ({ ...others, ca: ours.ca })],
  ])('is shut to a process %s, and both sides say so', async (_, tls) => {
    const { result, lines } = await ask(tls());
    expect(result).toMatch(/^notes at https:\S+ cannot be reached, or refuses our certificate\. /);
    await eventually(() => lines.length > 0, 'the line in the log');
    expect(lines.map(({ msg }) => msg)).toEqual(['refused a connection to the seam: no certificate of our CA']);
  });

  it('is not used by a process that does not know its authority', async () => {
    const { result } = await ask({ ...ours, ca: others.ca });
    expect(result).toMatch(/certificate\. .*(certificate chain|unable to verify)/);
  });

  it('is shut to whoever does not encrypt', async () => {
    expect((await ask(undefined, 'http')).result).toMatch(/^notes at http:\S+ cannot be reached\. /);
  });
});
