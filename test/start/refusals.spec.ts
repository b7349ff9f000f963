import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { HostEnv } from '../support/host-process.js';
import { runBuilt, startHost } from '../support/host-process.js';
import type { Page, Product } from '../support/shop-types.js';
import { Shop } from '../support/shop.js';
import { afterwards, ownEnv } from '../support/stage.js';

let env: Awaited<ReturnType<typeof ownEnv>>;
beforeAll(async () => void (env = await ownEnv()));

/** What a process says that cannot start: on standard error and nowhere else. */
async function refusal(changes: HostEnv): Promise<string> {
  const { code, signal, output, errors } = await runBuilt('main.js', [], { ...env, PORT: '0', ...changes }).stopped;
  expect({ code, signal, output }).toEqual({ code: 2, signal: null, output: '' });
  return errors;
}

describe('a taken port', () => {
  it('is told in one line, and leaves the database as it should be', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    afterwards(async () => void other.close());
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    expect(await refusal({ PORT: String(port) })).toBe(
      `Port ${port} is taken. Stop what listens there, or set PORT to another one (0: any free one). (LIFTOUT_PORT_TAKEN: docs/errors.md)\n`,
    );
    const host = await startHost(env);
    const page = await new Shop(host.url, env.DATA_DIR).anybody().get<Page<Product>>('/v1/catalog/products');
    expect(page.expect(200).items).toHaveLength(7);
  });
});

describe('a database that does not answer', () => {
  it('is named in one line, without its password', async () => {
    const url = new URL(env.DATABASE_URL);
    url.port = '1';
    expect(await refusal({ DATABASE_URL: url.href })).toMatch(
      /^Cannot use the database 127\.0\.0\.1:1\/\w+ as postgres: it does not answer \(ECONNREFUSED\)\. \(LIFTOUT_DATABASE_UNREACHABLE: docs\/errors\.md\)\n$/,
    );
  });
});

describe('wrong variables', () => {
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
      OTEL_TRACES_ONE_SERVICE: 'hunter2',
      OTEL_TRACES_SAMPLER: 'hunter2',
      OTEL_TRACES_SAMPLER_ARG: '2',
      NODE_ENV: 'hunter2',
      DATABASE_POOL_SIZE: 'hunter2',
      AUTH_JWKS_URL: 'hunter2',
      PAYMENT_TIMEOUT_MS: 'hunter2',
    });
    expect(errors).toMatch(/^Invalid configuration:\n/);
    expect(errors).not.toContain('hunter2');
    expect(errors).toMatch(/\n\(LIFTOUT_CONFIG_INVALID: docs\/errors\.md\)\n$/);
    const lines = errors.trimEnd().split('\n').slice(1, -1);
    const names = lines.map((line) => /^ +- (\w+): (?:expected |Too )/.exec(line)?.[1] ?? line);
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
      'OTEL_TRACES_ONE_SERVICE',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
      'PAYMENT_TIMEOUT_MS',
      'PORT',
      'RATE_LIMIT',
    ]);
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
