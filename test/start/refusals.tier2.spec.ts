import { beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import type { Page, Product } from '../support/shop-types.js';
import { Shop } from '../support/shop.js';
import { afterwards, emptyFolder, ownEnv } from '../support/stage.js';

let env: Awaited<ReturnType<typeof ownEnv>>;
beforeAll(async () => void (env = await ownEnv()));

/** What a process says that cannot start: on standard error and nowhere else. */
async function refusal(changes: HostEnv): Promise<string> {
  const { code, signal, output, errors } = await runBuilt('main.js', [], { ...env, PORT: '0', ...changes }).stopped;
  expect({ code, signal, output }).toEqual({ code: 2, signal: null, output: '' });
  return errors;
}

const databaseWith = (change: (url: URL) => void) => {
  const url = new URL(env.DATABASE_URL);
  change(url);
  return url.href;
};

describe('a taken port', () => {
  it('is told in one line, and leaves the database as it should be', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    afterwards(async () => void other.close());
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    expect(await refusal({ PORT: String(port) })).toBe(
      `Port ${port} is taken. Stop what listens there, or set PORT to another one (0: any free one).\n`,
    );
    const host = await startHost(env);
    const page = await new Shop(host.url, env.DATA_DIR).anybody().get<Page<Product>>('/v1/catalog/products');
    expect(page.expect(200).items).toHaveLength(7);
  });

  it('is not mistaken for an address that this machine does not have', async () => {
    const errors = await refusal({ HOST: '203.0.113.1' });
    expect(errors).toMatch(/^Cannot listen on 203\.0\.113\.1 \(EADDRNOTAVAIL\)\. Set HOST and PORT .*\n$/);
  });
});

describe('a database that', () => {
  const cases: [what: string, change: (url: URL) => void, message: RegExp][] = [
    [
      'does not answer',
      (url) => (url.port = '1'),
      /^Cannot use the database 127\.0\.0\.1:1\/\w+ as postgres: it does not answer \(ECONNREFUSED\)\.\n$/,
    ],
    [
      'is not there',
      (url) => (url.pathname = '/nowhere'),
      /^Cannot use the database [\d.:]+\/nowhere as postgres: this database does not exist: create it first\.\n$/,
    ],
    [
      'has another password',
      (url) => (url.password = 'hunter2'),
      /^Cannot use the database \S+ as postgres: the password is wrong\.\n$/,
    ],
    [
      'knows no such user',
      (url) => (url.username = 'nobody'),
      /^Cannot use the database \S+ as nobody: the password is wrong\.\n$/,
    ],
    [
      'is on a host that is not there',
      (url) => (url.hostname = 'nowhere.invalid'),
      /^Cannot use the database nowhere\.invalid:\d+\/\w+ as postgres: it does not answer \((ENOTFOUND|EAI_AGAIN)\)\.\n$/,
    ],
  ];

  it.each(cases)('%s is named in one line, without its password', async (_, change, message) => {
    const errors = await refusal({ DATABASE_URL: databaseWith(change) });
    expect(errors).toMatch(message);
    expect(errors).not.toContain(new URL(env.DATABASE_URL).password);
    expect(errors).not.toContain('hunter2');
  });

  it.each(['u:p@h:99999/db', 'u:p#x@h/db', 'u:p%zz@h/db', '%zz:p@h/db', 'u:p@h/%zz'])(
    'has a URL that cannot be read, like %s, is named by its variable',
    async (rest) => {
      const errors = await refusal({ DATABASE_URL: `postgres://${rest}` });
      expect(errors).toMatch(/^The configuration is wrong:\n  - DATABASE_URL: expected a URL like [^\n]*\n$/);
    },
  );

  it('has a name that is too long for the names of roles is told so', async () => {
    const errors = await refusal({ DATABASE_URL: databaseWith((url) => (url.pathname = `/${'x'.repeat(60)}`)) });
    expect(errors).toMatch(/^DATABASE_URL: The role name "\S+" is longer than [^\n]* use a shorter database name\.\n$/);
  });

  it('would be embedded where a file is in the way is named in one line', async () => {
    const file = join(await emptyFolder(), 'file');
    await writeFile(file, '');
    const errors = await refusal({ DATABASE_URL: '', DATA_DIR: file });
    expect(errors).toContain(file);
    expect(errors).toMatch(/a file is in the way.*\n$/);
  });
});

describe('wrong variables', () => {
  const lines = (errors: string) =>
    errors
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim());

  it('are listed all at once, by name, with what is expected and without their values', async () => {
    const errors = await refusal({
      PORT: '65536',
      DATABASE_URL: 'mysql://root:hunter2@db/shop',
      CATALOG_DATABASE_URL: 'hunter2',
      RATE_LIMIT: 'hunter2',
      LOG_LEVEL: 'hunter2',
      LOG_FORMAT: 'hunter2',
      OPS_PORT: 'hunter2',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'hunter2',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_SDK_DISABLED: 'hunter2',
      OTEL_TRACES_SAMPLER: 'hunter2',
      OTEL_TRACES_SAMPLER_ARG: '2',
      NODE_ENV: 'hunter2',
      DATABASE_POOL_SIZE: 'hunter2',
      AUTH_JWKS_URL: 'hunter2',
      PAYMENT_TIMEOUT_MS: 'hunter2',
    });
    expect(errors).toMatch(/^The configuration is wrong:\n/);
    expect(errors).not.toContain('hunter2');
    const names = lines(errors).map((line) => /^- (\w+): (?:expected |Too )/.exec(line)?.[1] ?? line);
    expect(names.sort()).toEqual([
      'AUTH_JWKS_URL',
      'CATALOG_DATABASE_URL',
      'DATABASE_POOL_SIZE',
      'DATABASE_URL',
      'LOG_FORMAT',
      'LOG_LEVEL',
      'NODE_ENV',
      'OPS_PORT',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_SDK_DISABLED',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
      'PAYMENT_TIMEOUT_MS',
      'PORT',
      'RATE_LIMIT',
    ]);
  });

  it.each(['abc', '0', '1e99'])('of a module are told as well: PAYMENT_TIMEOUT_MS=%s', async (value) => {
    expect(lines(await refusal({ PAYMENT_TIMEOUT_MS: value }))).toEqual([
      '- PAYMENT_TIMEOUT_MS: expected a number of milliseconds, at least 1',
    ]);
  });

  it('levels of modules that there are not, or that are none, are told as well', async () => {
    const errors = lines(await refusal({ LOG_LEVEL: 'info,billing=debug,ordering=loud' }));
    expect(errors).toEqual([
      '- LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, or such as info,catalog=debug',
      '- LOG_LEVEL: there is no module "billing"; expected some of catalog, inventory, ordering, payments, storefront',
    ]);
  });

  it.each(['-1', '80.5'])('are told in full sentences: PORT=%s', async (PORT) => {
    expect(lines(await refusal({ PORT }))).toEqual(['- PORT: expected a port number from 0 to 65535']);
  });

  it('that are empty count as absent', async () => {
    const { DATABASE_URL, ...rest } = env;
    const host = await startHost({ ...rest, DATABASE_URL, PAYMENT_TIMEOUT_MS: '', RATE_LIMIT: '', NODE_ENV: '' });
    host.kill('SIGTERM');
    expect((await host.stopped).code).toBe(0);
  });
});

describe('in production', () => {
  it('everything that is required is named at once', async () => {
    const { DATA_DIR, DATABASE_URL } = env;
    const errors = await refusal({ DATA_DIR, DATABASE_URL, NODE_ENV: 'production' });
    for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL']) {
      expect(errors).toContain(`- ${name}: required in production: `);
    }
    for (const module of ['CATALOG', 'INVENTORY', 'ORDERING', 'PAYMENTS', 'STOREFRONT']) {
      expect(errors).toContain(`- ${module}_DATABASE_URL: required in production: `);
    }
  });
});
