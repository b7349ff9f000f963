import { describe, expect, it } from '@jest/globals';
import { BoundedContext, LivesElsewhere } from './platform/index.js';
import { makeCertificates } from '../test/support/certificates.js';
import { readTopology } from './topology.js';

const modules = ['catalog', 'inventory', 'ordering', 'payments', 'storefront'].map((name) => {
  @BoundedContext({ name, contracts: {}, providers: [] })
  class Context {}
  return Context;
});

const SEAM_SECRET = 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nSPkA3v0mQ';
const split = {
  MODULES: 'catalog, inventory,ordering,storefront',
  PAYMENTS_URL: 'http://127.0.0.1:4102',
  SEAM_PORT: '4101',
  SEAM_SECRET,
};
const problems = (change: NodeJS.ProcessEnv) => readTopology({ ...split, ...change }, modules).problems;

@LivesElsewhere({ name: 'billing', contracts: {}, routes: ['v1/billing'] })
class BillingModule {}

describe('a module that lives in another repository', () => {
  const read = (env: NodeJS.ProcessEnv, talks = true) => readTopology(env, [...modules, BillingModule], talks);
  const others = { BILLING_URL: 'http://127.0.0.1:4103', SEAM_PORT: '4101', SEAM_SECRET };

  it('is remote without anybody saying so, and has to have an address', () => {
    const { topology } = read(others);
    expect([...topology!.running]).toEqual(['catalog', 'inventory', 'ordering', 'payments', 'storefront']);
    expect([...topology!.remotes]).toEqual([['billing', 'http://127.0.0.1:4103']]);
    expect(read({ ...others, BILLING_URL: '' }).problems).toEqual([
      'BILLING_URL: required: the seam address of billing, which lives in another repository (http://host:port)',
    ]);
  });

  it('cannot run here, and a tool that meets no other process needs no address of it', () => {
    const expected = 'expected some of catalog, inventory, ordering, payments, storefront';
    expect(read({ ...others, MODULES: 'catalog,billing' }).problems).toContain(
      `MODULES: billing lives in another repository, and cannot run here; ${expected}`,
    );
    expect(read({}, false)).toMatchObject({ problems: [], topology: { remotes: new Map() } });
  });
});

describe('where modules run', () => {
  it('is here, all of them, when nothing is said', () => {
    const { topology, problems: none } = readTopology({}, modules);
    expect(none).toEqual([]);
    expect(topology).toMatchObject({ seam: undefined, events: { kind: 'feed' } });
    expect([...topology!.running]).toEqual(['catalog', 'inventory', 'ordering', 'payments', 'storefront']);
    expect(topology!.remotes.size).toBe(0);
  });

  it('is said by MODULES, and for the others by their addresses', () => {
    const { topology } = readTopology(split, modules);
    expect([...topology!.running]).toEqual(['catalog', 'inventory', 'ordering', 'storefront']);
    expect([...topology!.remotes]).toEqual([['payments', 'http://127.0.0.1:4102']]);
    expect(topology!.seam).toEqual({ port: 4101, secret: SEAM_SECRET });
    const otherSecret = SEAM_SECRET.toLowerCase();
    const changing = { ...split, SEAM_SECRET_OTHER: otherSecret, EVENTS: 'nats', NATS_URL: 'nats://127.0.0.1:4222' };
    expect(readTopology(changing, modules).topology).toMatchObject({ seam: { otherSecret }, events: { otherSecret } });
  });

  const kafka = { EVENTS: 'kafka', KAFKA_BROKERS: 'kafka:9092' };

  it('says how Kafka is reached', async () => {
    const { ca, cert, key } = await makeCertificates();
    const tls = { KAFKA_TLS: 'on', KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key };
    const login = { KAFKA_SASL: 'scram-sha-512', KAFKA_USERNAME: 'me', KAFKA_PASSWORD: 'p' };
    const env = { ...split, ...kafka, ...tls, ...login, KAFKA_BROKERS: 'a:9092, b:9092' };
    expect(readTopology(env, modules).topology!.events).toMatchObject({
      kind: 'kafka',
      brokers: ['a:9092', 'b:9092'],
      topicPrefix: 'liftout',
      secret: SEAM_SECRET,
      tls: { ca: expect.stringContaining('BEGIN'), cert: expect.stringContaining('BEGIN') },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'me', password: 'p' },
    });
    const { KAFKA_TLS_KEY: _, ...keyless } = { ...split, ...kafka, ...tls };
    expect(readTopology(keyless, modules).problems).toEqual([expect.stringMatching(/^KAFKA_TLS_KEY: required/)]);
    const other = { ...split, ...kafka, ...tls, KAFKA_TLS_KEY: (await makeCertificates()).key };
    expect(readTopology(other, modules).problems).toEqual([expect.stringMatching(/^KAFKA_TLS_KEY: expected the key/)]);
  });

  const wrong: [what: string, change: NodeJS.ProcessEnv, problem: RegExp][] = [
    [
      'an unknown module',
      { MODULES: `${split.MODULES},billing` },
      /^MODULES: there is no module "billing"; expected some of catalog, .*storefront$/,
    ],
    [
      'an address that is missing',
      { PAYMENTS_URL: '' },
      /^PAYMENTS_URL: required: the seam address of payments, which does not run here \(http:\/\/host:port\)$/,
    ],
    ['an address that is none', { PAYMENTS_URL: 'payments:4102' }, /^PAYMENTS_URL: expected http:\/\/host:port$/],
    ['an address with a path', { PAYMENTS_URL: 'http://mesh/payments' }, /^PAYMENTS_URL: expected .*, and no path$/],
    ['no port for the seam', { SEAM_PORT: '' }, /^SEAM_PORT: required: /],
    ['a port that is none', { SEAM_PORT: 'x' }, /^SEAM_PORT: expected a port number/],
    ['no secret', { SEAM_SECRET: '' }, /^SEAM_SECRET: required: .*openssl rand/],
    ['a short secret', { SEAM_SECRET: 'secret' }, /^SEAM_SECRET: too weak: /],
    ['a secret of one letter', { SEAM_SECRET: 'x'.repeat(64) }, /^SEAM_SECRET: too weak: /],
    ['another secret that is too weak', { SEAM_SECRET_OTHER: 'secret' }, /^SEAM_SECRET_OTHER: too weak: /],
    [
      'the same secret as the other one',
      { SEAM_SECRET_OTHER: SEAM_SECRET },
      /^SEAM_SECRET_OTHER: the same as SEAM_SECRET/,
    ],
    ['another transport', { EVENTS: 'pigeons' }, /^EVENTS: expected feed /],
    ['no broker for EVENTS=nats', { EVENTS: 'nats' }, /^NATS_URL: required/],
    ['no broker for EVENTS=kafka', { EVENTS: 'kafka' }, /^KAFKA_BROKERS: required with EVENTS=kafka/],
    ['a broker without a port', { ...kafka, KAFKA_BROKERS: 'kafka' }, /^KAFKA_BROKERS: expected host:port, several/],
    ['a broker with a scheme', { ...kafka, KAFKA_BROKERS: 'kafka://b:9092' }, /^KAFKA_BROKERS: expected host:port/],
    ['a prefix that is none', { ...kafka, KAFKA_TOPIC_PREFIX: 'a/b' }, /^KAFKA_TOPIC_PREFIX: expected at most 100/],
    ['another way to log in', { ...kafka, KAFKA_SASL: 'gssapi' }, /^KAFKA_SASL: expected one of plain, scram-sha-256/],
    ['a user alone', { ...kafka, KAFKA_USERNAME: 'me' }, /^KAFKA_SASL: required with KAFKA_USERNAME: expected one of/],
    [
      'no password',
      { ...kafka, KAFKA_SASL: 'plain', KAFKA_USERNAME: 'me' },
      /^KAFKA_PASSWORD: required with KAFKA_SASL$/,
    ],
    [
      'certificates without TLS',
      { ...kafka, KAFKA_TLS_CA: '/x' },
      /^KAFKA_TLS: expected on, since KAFKA_TLS_CA is set$/,
    ],
    [
      'a certificate of Kafka that is missing',
      { ...kafka, KAFKA_TLS: 'on', KAFKA_TLS_CA: '/nowhere' },
      /^KAFKA_TLS_CA: expected the path of a readable PEM file$/,
    ],
    ['a rehearsal of what runs elsewhere', { REHEARSE: 'payments' }, /^REHEARSE: "payments" does not run here/],
    ['a rehearsal in production', { REHEARSE: 'catalog', NODE_ENV: 'production' }, /^REHEARSE: not in production/],
    [
      'a certificate that is missing',
      { SEAM_TLS_CA: '/nowhere', SEAM_TLS_CERT: '/nowhere' },
      /^SEAM_TLS_KEY: required/,
    ],
  ];
  it.each(wrong)('%s is one line that says what is expected', (_, change, problem) => {
    const told = problems(change);
    expect(told).toEqual([expect.stringMatching(problem)]);
    expect(told.join()).not.toContain(split.SEAM_SECRET);
  });

  it('says everything that is wrong at once', () => {
    const told = problems({ PAYMENTS_URL: '', SEAM_SECRET: 'secret', SEAM_PORT: '' });
    expect(told.map((line) => line.split(':')[0]).sort()).toEqual(['PAYMENTS_URL', 'SEAM_PORT', 'SEAM_SECRET']);
  });

  it('says which files cannot be read', () => {
    const files = { SEAM_TLS_CA: '/nowhere', SEAM_TLS_CERT: '/nowhere', SEAM_TLS_KEY: '/nowhere' };
    expect(problems(files)).toHaveLength(3);
  });

  it('takes certificates that fit together, and then no address without encryption', async () => {
    const [ours, others] = await Promise.all([makeCertificates(), makeCertificates()]);
    const files = { SEAM_TLS_CA: ours.ca, SEAM_TLS_CERT: ours.cert, SEAM_TLS_KEY: ours.key };
    const address = 'PAYMENTS_URL: expected https://host:port, since SEAM_TLS_CERT is set';
    expect(problems({ ...files, PAYMENTS_URL: 'https://127.0.0.1:4102' })).toEqual([]);
    expect(problems(files)).toEqual([address]);
    const key = 'SEAM_TLS_KEY: expected the key of the certificate in SEAM_TLS_CERT, without a passphrase';
    expect(problems({ ...files, SEAM_TLS_KEY: others.key })).toEqual([key]);
  });
});
