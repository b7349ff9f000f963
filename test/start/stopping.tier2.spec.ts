import { describe, expect, it } from '@jest/globals';
import { startHost } from '../support/host-process.js';
import { silentProxy } from '../support/silent-proxy.js';
import { afterwards, ownEnv } from '../support/stage.js';

describe('a process whose database has gone silent', () => {
  it('ends with 0 all the same', async () => {
    const env = await ownEnv();
    const proxy = await silentProxy(Number(new URL(env.DATABASE_URL).port));
    afterwards(async () => proxy.close());
    const host = await startHost({ ...env, DATABASE_URL: proxy.through(env.DATABASE_URL) });
    proxy.silence();
    // Some of what is asked then waits for a connection.
    const asked = fetch(`${host.url}/v1/catalog/products`).then(({ status }) => status);
    await fetch(`${host.url}/health/live`);
    host.kill('SIGTERM');
    expect(await host.stopped).toMatchObject({ code: 0, signal: null, errors: '' });
    expect(await asked).toBe(503);
  }, 90_000);
});
