import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import type { KafkaBroker } from '../../src/tools/rehearse/kafka-broker.js';
import { runBuilt } from '../support/host-process.js';
import { startKafka } from '../support/kafka-broker.js';
import { makeTopic } from '../support/kafka-topics.js';
import { needsKafka } from '../support/needs.js';
import { SECRET } from '../support/parts.js';
import { emptyFolder, ownEnv } from '../support/stage.js';

const describe = needsKafka('openssl');
const LOGIN = { KAFKA_SASL: 'plain', KAFKA_USERNAME: 'shop', KAFKA_PASSWORD: 'hidden' };

describe('A host with EVENTS=kafka', () => {
  let broker: KafkaBroker;
  let tls: { KAFKA_TLS: string; KAFKA_TLS_CA: string };
  beforeAll(async () => {
    const { settings, ca } = await encrypted();
    tls = { KAFKA_TLS: 'on', KAFKA_TLS_CA: ca };
    broker = await startKafka(settings);
  }, 120_000);

  it('needs to know the brokers and a secret', async () => {
    const { code, errors } = await ended({});
    expect(code).toBe(2);
    expect(errors).toContain('KAFKA_BROKERS: required with EVENTS=kafka: where it answers (host:port)');
    expect(errors).toContain('SEAM_SECRET: required');
  });

  it.each<[string, () => Record<string, string>]>([
    ['nobody answers there', () => ({ KAFKA_BROKERS: '127.0.0.1:1' })],
    ['the password is wrong', () => ({ ...LOGIN, ...tls, KAFKA_PASSWORD: 'forgotten', KAFKA_BROKERS: broker.url })],
    [
      'the certificate of the broker is of somebody else',
      () => ({ ...LOGIN, KAFKA_TLS: 'on', KAFKA_BROKERS: broker.url }),
    ],
  ])('ends with one clear line when %s', async (_, env) => {
    const { code, errors } = await ended({ SEAM_SECRET: SECRET, ...env() });
    expect(errors).toMatch(
      /^Kafka does not answer at KAFKA_BROKERS \(.+\)\. Start it, or correct KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL\. \(LIFTOUT_BROKER_UNUSABLE: docs\/errors\.md\)\n$/,
    );
    expect(errors).not.toMatch(/hidden|forgotten/);
    expect(code).toBe(2);
  });

  it('speaks to brokers with TLS and a password, and refuses a topic of several partitions by its name', async () => {
    await makeTopic(broker.internal, 'mine.catalog', 3);
    const env = { ...LOGIN, ...tls, KAFKA_BROKERS: broker.url, KAFKA_TOPIC_PREFIX: 'mine', SEAM_SECRET: SECRET };
    const { code, errors } = await ended(env);
    expect(errors).toMatch(/^The topic mine\.catalog has 3 partitions, and no order between them: expected 1\./);
    expect(code).toBe(2);
  });

  it('is the only one that loads anything of Kafka', () => {
    expect(loadedBy({ kind: 'feed' })).not.toContain('kafka');
    expect(loadedBy({ kind: 'kafka', brokers: [], topicPrefix: 'x', secret: SECRET })).toContain('kafka');
  });
});

async function ended(env: Readonly<Record<string, string>>) {
  return await runBuilt('main.js', [], { ...(await ownEnv()), PORT: '0', EVENTS: 'kafka', ...env }).stopped;
}

/** A certificate of the broker's own, and the settings by which clients have to know it and a password. */
async function encrypted(): Promise<{ settings: Record<string, string>; ca: string }> {
  const folder = await emptyFolder();
  const [key, ca, both] = ['key.pem', 'ca.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const name = ['-subj', '/CN=broker', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', ca, ...name], {
    stdio: 'ignore',
  });
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(ca, 'utf8'));
  const users = `username="x" password="x" user_${LOGIN.KAFKA_USERNAME}="${LOGIN.KAFKA_PASSWORD}"`;
  const settings = {
    'listener.security.protocol.map': 'CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.client.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`,
    'listener.name.client.ssl.keystore.type': 'PEM',
    'listener.name.client.ssl.keystore.location': both,
  };
  return { settings, ca };
}

/** What of Kafka's client a process loads that opens this transport. */
function loadedBy(events: object): string {
  const built = (file: string) => pathToFileURL(resolve('dist/src/platform', file)).href;
  const hook = `import { writeSync } from 'node:fs'; export const load = (url, context, next) => { if (url.includes('/@platformatic/')) writeSync(1, url + '\\n'); return next(url, context); };`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hook))});`;
  const work = `await import('${built('runtime/runtime.js')}'); const { openTransport } = await import('${built('transport/events/open-transport.js')}'); await openTransport({ remotes: new Map(), databases: [], log: console }, ${JSON.stringify(events)});`;
  return execFileSync(process.execPath, ['--import', dataUrl(register), '--input-type=module', '-e', work]).toString();
}

const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
