import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePorts } from '../../src/tools/rehearse/split.js';
import { App } from '../support/app.js';
import { Client } from '../support/client.js';
import { runBuilt, startHost } from '../support/host-process.js';
import { ownEnv } from '../support/stage.js';
import { OUTSIDER } from '../../src/platform/testing/index.js';

const TOKEN = 'kX9fQ2mZ7rT4vB8cN1pL6sD3gH5jW0yE';
const PATH = '/_ops/contracts';

describe('a running process', () => {
  let operations: string;
  let app: App;
  beforeAll(async () => {
    const env = await ownEnv();
    const [port] = await freePorts(1);
    operations = `http://127.0.0.1:${port}`;
    const { url } = await startHost({ ...env, OPS_PORT: String(port), CONTRACTS_TOKEN: TOKEN });
    app = new App(url, env.DATA_DIR);
  }, 90_000);

  const ask = async (token?: string) => await new Client(operations, token).get<{ modules: object }>(PATH);

  it('tells its contracts to operators and to whoever has the token, and to nobody else', async () => {
    const statuses = await Promise.all([
      ask(TOKEN),
      ask(await app.token('sam', 'staff')),
      ask(),
      ask(`${TOKEN}x`),
      ask(await app.token('alice', OUTSIDER)),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 401, 401, 403]);
  });

  it('tells schemas, and nothing that is secret', async () => {
    const { body } = await ask(TOKEN);
    const text = JSON.stringify(body);
    expect(text).not.toMatch(/postgres:|kX9fQ2/);
    expect(Object.values(body.modules).every((module: { lives: string }) => module.lives === 'here')).toBe(true);
  });

  it('serves the AsyncAPI document that is kept in docs/', async () => {
    const kept: unknown = JSON.parse(await readFile('docs/asyncapi.json', 'utf8'));
    expect((await app.anybody().get('/asyncapi.json')).expect(200)).toEqual(kept);
  });

  it('can live with a release of the very same contracts', async () => {
    const { code, errors } = await runBuilt('tools/contracts.js', ['can-deploy', '--against', operations], {
      CONTRACTS_TOKEN: TOKEN,
    }).stopped;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });
});
