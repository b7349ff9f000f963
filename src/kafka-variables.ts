import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { KafkaOptions } from './platform/transport/events/event-transport.js';
import { pem } from './seam-tls.js';

const BROKER = '[^\\s,/:@]+:\\d{1,5}';
const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;
const file = z.string().optional();

/** What is read with `EVENTS=kafka`. */
export const KAFKA_VARIABLES = {
  KAFKA_BROKERS: z
    .string()
    .regex(new RegExp(`^${BROKER}(, *${BROKER})*$`), 'expected host:port, several with commas between')
    .optional(),
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/, 'expected at most 100 letters, digits, dots, hyphens and underscores')
    .default('liftout'),
  KAFKA_TLS: z.enum(['on', 'off'], { error: 'expected on or off' }).default('off'),
  KAFKA_TLS_CA: file,
  KAFKA_TLS_CERT: file,
  KAFKA_TLS_KEY: file,
  KAFKA_SASL: z
    .enum(Object.keys(MECHANISMS) as (keyof typeof MECHANISMS)[], {
      error: `expected one of ${Object.keys(MECHANISMS).join(', ')}`,
    })
    .optional(),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
};

type Values = z.output<z.ZodObject<typeof KAFKA_VARIABLES>>;

/** How Kafka is reached, and everything that is wrong with that. */
export function readKafka(values: Values): { kafka: Omit<KafkaOptions, 'secret'>; problems: string[] } {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: topicPrefix } = values;
  const { tls, problems } = readTls(values);
  const missing =
    brokers === undefined ? ['KAFKA_BROKERS: required with EVENTS=kafka: where it answers (host:port)'] : [];
  const all = [...missing, ...problems, ...loginProblems(values)];
  const { KAFKA_SASL: sasl, KAFKA_USERNAME: username = '', KAFKA_PASSWORD: password = '' } = values;
  const login = sasl && { sasl: { mechanism: MECHANISMS[sasl], username, password } };
  const kafka = {
    brokers: brokers?.split(',').map((one) => one.trim()) ?? [],
    topicPrefix,
    ...(tls && { tls }),
    ...login,
  };
  return { kafka, problems: all };
}

function loginProblems({ KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD }: Values): string[] {
  const login = { KAFKA_USERNAME, KAFKA_PASSWORD };
  const names = Object.keys(login) as (keyof typeof login)[];
  const given = names.filter((name) => login[name] !== undefined);
  if (KAFKA_SASL)
    return names.filter((name) => !given.includes(name)).map((name) => `${name}: required with KAFKA_SASL`);
  const how = `expected one of ${Object.keys(MECHANISMS).join(', ')}`;
  return given.length > 0 ? [`KAFKA_SASL: required with ${given.join(' and ')}: ${how}`] : [];
}

/** The certificate of the brokers is checked in any case; ours is shown where there is one. */
function readTls(values: Values): { tls?: NonNullable<KafkaOptions['tls']>; problems: string[] } {
  const { KAFKA_TLS, KAFKA_TLS_CA, KAFKA_TLS_CERT, KAFKA_TLS_KEY } = values;
  const files = Object.entries({ KAFKA_TLS_CA, KAFKA_TLS_CERT, KAFKA_TLS_KEY }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, pem(path)] as const],
  );
  if (KAFKA_TLS === 'off')
    return { problems: files.length > 0 ? [`KAFKA_TLS: expected on, since ${files[0]![0]} is set`] : [] };
  const problems = files
    .filter(([, text]) => text === undefined)
    .map(([name]) => `${name}: expected the path of a readable PEM file`);
  const absent = KAFKA_TLS_CERT === undefined ? 'KAFKA_TLS_CERT' : 'KAFKA_TLS_KEY';
  if ((KAFKA_TLS_CERT === undefined) !== (KAFKA_TLS_KEY === undefined))
    problems.push(`${absent}: required with the other one of KAFKA_TLS_CERT and KAFKA_TLS_KEY: the path of a PEM file`);
  if (problems.length > 0) return { problems };
  const tls = Object.fromEntries(files.map(([name, text]) => [name.slice('KAFKA_TLS_'.length).toLowerCase(), text!]));
  try {
    createSecureContext(tls);
    return { tls, problems: [] };
  } catch {
    return { problems: ['KAFKA_TLS_KEY: expected the key of the certificate in KAFKA_TLS_CERT, without a passphrase'] };
  }
}
