import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../src/platform/testing/index.js';
import { get, rawRequest } from '../support/raw-http.js';
import { Client } from '../support/client.js';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import type { IdentityProvider } from '../support/identity-provider.js';
import { identityProvider } from '../support/identity-provider.js';
import { logins } from '../support/logins.js';
import type { Problem } from '../support/shop-types.js';
import { Customer, Shop, Staff } from '../support/shop.js';
import { ownEnv } from '../support/stage.js';

let admin: HostEnv;
/** What the application has in production: logins of the modules, and no administrator's. */
let production: HostEnv;
let sign: IdentityProvider['sign'];

beforeAll(async () => {
  const { DATA_DIR, DATABASE_URL } = await ownEnv();
  const common = { DATA_DIR, NODE_ENV: 'production', ...logins(DATABASE_URL) };
  admin = { ...common, DATABASE_ADMIN_URL: DATABASE_URL };
  const issuer = await identityProvider();
  sign = issuer.sign;
  production = { ...common, ...issuer.env, HOST: '127.0.0.1', RATE_LIMIT: 'off' };
});

const db = (task: string) => runBuilt('tools/db.js', [task], admin).stopped;
const setRole = async (role: string, change: string) => {
  const client = new pg.Client({ connectionString: admin['DATABASE_ADMIN_URL']! });
  await client.connect();
  try {
    await client.query(`ALTER ROLE ${role} ${change}`);
  } finally {
    await client.end();
  }
};
const refusal = async (changes: HostEnv = {}) => {
  const { code, output, errors } = await runBuilt('main.js', [], { ...production, PORT: '0', ...changes }).stopped;
  expect({ code, output }).toEqual({ code: 2, output: '' });
  return errors;
};

describe('a production database', () => {
  it('a production database without the modules’ roles is refused, and not touched', async () => {
    const errors = await refusal();
    expect(errors).toMatch(/^Cannot use the database \S+ as \w+_catalog: .*\n$/);
    expect(errors).not.toContain('secret-of');
  });

  it('a production database that was not migrated is refused, naming what is missing and what to do, and not touched', async () => {
    expect(await db('provision')).toMatchObject({ code: 0, errors: '' });
    for (let n = 0; n < 2; n++) {
      const message =
        /^The database of catalog lacks .*\. Run "npm run db -- migrate catalog" as an administrator first\. \(LIFTOUT_DATABASE_NOT_MIGRATED: docs\/errors\.md\)\n$/;
      expect(await refusal()).toMatch(message);
    }
    expect((await db('status')).output).toMatch(/catalog: is to run /);
  });

  it('a production database with a wrong login of one module is refused, naming it', async () => {
    await db('migrate');
    const url = new URL(production['PAYMENTS_DATABASE_URL']!);
    url.password = 'hunter2';
    const errors = await refusal({ PAYMENTS_DATABASE_URL: url.href });
    expect(errors).toMatch(
      /^Cannot use the database \S+ as \w+_payments: the password is wrong, or there is no such user\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    );
  });

  it('a module of which no server takes writes, as in a cut-over, is waited for', async () => {
    const own = new URL(production['PAYMENTS_DATABASE_URL']!);
    const list = `${own.href} ${Object.assign(new URL(own), { hostname: 'localhost' }).href}`;
    await setRole(own.username, 'SET default_transaction_read_only = on');
    const env = { ...production, PORT: '0', PAYMENTS_DATABASE_URL: list };
    const process = runBuilt('main.js', [], env);
    await eventually(() => /"payments".*the start waits for one/.test(process.output()), 'the process waiting', 30_000);
    expect(process.output()).not.toContain('"ready"');
    await setRole(own.username, 'RESET default_transaction_read_only');
    await eventually(() => process.output().includes('"ready"'), 'the process being ready', 30_000);
    process.kill('SIGTERM');
    expect(await process.stopped).toMatchObject({ code: 0 });
  }, 90_000);
});

describe('in production', () => {
  let shop: Client;
  let ops: Client;
  beforeAll(async () => {
    await db('migrate');
    const host = await startHost({ ...production, OPS_PORT: '0' });
    shop = new Client(host.url);
    const listens = /"port":(\d+),"msg":"metrics and operations listen"/;
    ops = new Client(`http://127.0.0.1:${listens.exec(host.output())![1]}`);
  }, 60_000);

  it('numbers and operations are on a listener of their own, and the development pages nowhere', async () => {
    expect((await ops.get<string>('/metrics')).expect(200)).toContain('liftout_dead_letters');
    expect((await ops.get('/_ops/deliveries')).status).toBe(401);
    const staff = new Client(ops.url, await sign('carol', 'staff'));
    (await staff.get('/_ops/deliveries')).expect(200);
    for (const path of ['/_dev', '/_dev/traces']) (await ops.get(path)).expect(404);
  });

  it('nothing is seeded, and the shop can be filled and bought from', async () => {
    expect((await shop.get('/v1/catalog/products')).expect(200)).toEqual({ items: [] });
    const staff = new Staff(shop.url, await sign('carol', 'staff'));
    const sku = await staff.stocked(2);
    const customer = new Customer(shop.url, await sign('alice', 'customer'));
    expect((await customer.buy([{ sku, quantity: 2 }])).status).toBe('confirmed');
  });

  it('tokens of the issuer are good, those for others and of the development key are not', async () => {
    const { DATA_DIR } = production as { DATA_DIR: string };
    const development = await new Shop(shop.url, DATA_DIR).token('alice', 'customer');
    for (const token of [development, await sign('alice', 'customer', 'elsewhere'), await sign('alice', 'system')]) {
      expect((await new Client(shop.url, token).get('/v1/orders')).status).toBe(401);
    }
    (await new Client(shop.url, await sign('bob', 'customer')).get('/v1/orders')).expect(200);
  });

  it.each([
    '/docs',
    '/openapi.json',
    '/asyncapi.json',
    '/_dev',
    '/_dev/traces',
    '/_dev/provider/charges',
    '/metrics',
    '/_ops/deliveries',
  ])('%s is not there', async (path) => {
    expect((await shop.get<Problem>(path)).expect(404).code).toBe('not_found');
  });

  it.each([
    '/%6detrics',
    '/metric%73',
    'http://x/metrics',
    '/metrics#x',
    '/metrics?x',
    '/metrics;x',
    '/%5fops/deliveries',
    '/_ops/%64eliveries',
    'http://x/_ops/sagas',
    '/_ops/deliveries#x',
    '//metrics',
    '/./metrics',
  ])('%s is not there either', async (target) => {
    const { status, body } = await rawRequest(shop.url, get(target));
    expect({ status, code: (JSON.parse(body) as Problem).code }).toEqual({ status: 404, code: 'not_found' });
  });

  it('in production no method tells that it is somewhere else', async () => {
    const status = async (at: Client, method: string, path: string) => (await at.send(method, path)).status;
    for (const path of ['/metrics', '/_ops/deliveries']) {
      expect([path, await status(shop, 'PUT', path), await status(ops, 'PUT', path)]).toEqual([path, 404, 405]);
    }
    expect(await status(ops, 'PUT', '/v1/catalog/products')).toBe(404);
    expect(await status(shop, 'PUT', '/v1/catalog/products')).toBe(405);
  });

  it('the listener of operations has nothing else, however it is spelled, and its errors are problems', async () => {
    const to = (head: string) => rawRequest(ops.url, head);
    expect((await to(get('/%6detrics'))).body).toContain('liftout_dead_letters');
    for (const target of ['/v1/catalog/products', '/%761/catalog/products', '/nothing']) {
      const { status, body } = await to(get(target));
      expect({ status, code: (JSON.parse(body) as Problem).code }).toEqual({ status: 404, code: 'not_found' });
    }
    for (const [head, status] of [
      [get('/%zz'), 400],
      ['no HTTP', 400],
      [get('/metrics', '\nExpect: miracles'), 417],
      [get('/metrics', `\nX-Large: ${'x'.repeat(17_000)}`), 431],
    ] as const) {
      const answer = await to(head);
      expect([answer.status, (JSON.parse(answer.body) as Problem).status]).toEqual([status, status]);
    }
  });

  it('answers bind browsers to HTTPS', async () => {
    expect((await shop.get('/v1/catalog/products')).headers.get('strict-transport-security')).toContain('max-age');
  });
});
