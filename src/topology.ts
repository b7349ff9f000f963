import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { contextOptions, livesHere } from './platform/bounded-context.js';
import { KAFKA_VARIABLES, readKafka } from './kafka-variables.js';
import { readVariables } from './platform/configuration.js';
import type { EventsOptions } from './platform/transport/events/event-transport.js';
import type { SeamOptions } from './platform/transport/seam/seam-server.js';
import { readTls } from './seam-tls.js';

/** Which modules run in this process, and how it meets the others. */
export interface Topology {
  readonly running: ReadonlySet<string>;
  /** Seam addresses of the modules that run elsewhere. */
  readonly remotes: ReadonlyMap<string, string>;
  /** The internal listener; absent when no other process asks this one for anything. */
  readonly seam: ({ port: number } & SeamOptions) | undefined;
  /** How events, durable commands and replies reach other processes. */
  readonly events: EventsOptions;
  /** A module whose seams are made worse than they are: see `npm run rehearse`. */
  readonly rehearsal: { module: string; seed: number } | undefined;
}

/** `LETTERS_DATABASE_URL` for the module `letters`, `LOST_LETTERS_…` for `lost-letters`. */
export const variableOf = (module: string, suffix: string) => `${module.toUpperCase().replaceAll('-', '_')}_${suffix}`;

const MIN_SECRET_LENGTH = 32;
const NATS_URL_MISSING = 'required with EVENTS=nats: where the broker answers (nats://host:port)';
const NATS_URLS = /^(nats|tls):\/\/[^\s,/]+(, *(nats|tls):\/\/[^\s,/]+)*$/;
const file = z.string().optional();

const Variables = z.object({
  MODULES: z.string().optional(),
  SEAM_PORT: z.coerce.number({ error: 'expected a port number from 0 to 65535' }).int().min(0).max(65535).optional(),
  SEAM_SECRET: z.string().optional(),
  SEAM_SECRET_OTHER: z.string().optional(),
  SEAM_TLS_CA: file,
  SEAM_TLS_CERT: file,
  SEAM_TLS_KEY: file,
  EVENTS: z
    .enum(['feed', 'nats', 'kafka'], {
      error: 'expected feed (read from the outbox of the producer), nats (with NATS_URL) or kafka (with KAFKA_BROKERS)',
    })
    .default('feed'),
  NATS_URL: z
    .string()
    .regex(NATS_URLS, 'expected nats://host:port or tls://user:password@host:port, several with commas between')
    .optional(),
  /** Read before: see `host.ts`. */
  STAND_INS: z.string().optional(),
  ...KAFKA_VARIABLES,
  REHEARSE: z.string().optional(),
  REHEARSE_SEED: z.coerce.number({ error: 'expected a whole number' }).int().min(0).default(1),
});

/** Their names, for the documentation. */
export const VARIABLES = Object.keys(Variables.shape);

/**
 * Reads and checks the variables that say what runs where.
 *
 * @param talks false for a tool that meets no other process: it needs no addresses, ports and secrets
 * @returns the topology, everything that is wrong with it, and the modules that are to run here whatever is wrong
 */
export function readTopology(
  env: NodeJS.ProcessEnv,
  modules: readonly Type[],
  talks = true,
): { topology?: Topology; running: ReadonlySet<string>; problems: string[] } {
  const names = modules.map((module) => contextOptions(module)!.name);
  const read = readVariables(Variables, env);
  const local = modules.filter(livesHere).map((module) => contextOptions(module)!.name);
  if ('problems' in read) return { running: new Set(local), problems: read.problems };
  const { values } = read;
  const wanted = values.MODULES?.split(',').map((name) => name.trim()) ?? local;
  const running = new Set(wanted.filter((name) => local.includes(name)));
  const misplaced = misplacedModules(wanted, names, local);
  if (!talks) return { running, ...alone(running, misplaced) };
  const tls = readTls(values);
  const elsewhere = names.filter((name) => !running.has(name));
  const remote = readRemotes(env, elsewhere, tls.tls ? 'https' : 'http', local);
  const split = running.size < names.length;
  const problems = [
    ...misplaced,
    ...(running.size > 0 ? remote.problems : []),
    ...(split && values.SEAM_PORT === undefined
      ? ['SEAM_PORT: required: the other processes reach these modules there']
      : []),
    ...(split || values.SEAM_PORT !== undefined || values.EVENTS !== 'feed' ? secretProblems(values) : []),
    ...(values.EVENTS === 'nats' && values.NATS_URL === undefined ? [`NATS_URL: ${NATS_URL_MISSING}`] : []),
    ...(values.EVENTS === 'kafka' ? readKafka(values).problems : []),
    ...tls.problems,
    ...rehearsalProblems(values.REHEARSE, running, env['NODE_ENV'] === 'production'),
  ];
  if (problems.length > 0) return { running, problems };
  const seam =
    values.SEAM_PORT === undefined
      ? undefined
      : { port: values.SEAM_PORT, ...secretsOf(values), ...(tls.tls && { tls: tls.tls }) };
  const rehearsal = values.REHEARSE ? { module: values.REHEARSE, seed: values.REHEARSE_SEED } : undefined;
  return { running, topology: { running, remotes: remote.urls, seam, events: eventsOf(values), rehearsal }, problems };
}

/** As it is for a tool that meets no other process. */
function alone(running: ReadonlySet<string>, problems: string[]): { topology?: Topology; problems: string[] } {
  if (problems.length > 0) return { problems };
  const none = { seam: undefined, events: { kind: 'feed' }, rehearsal: undefined } as const;
  return { topology: { running, remotes: new Map(), ...none }, problems };
}

function rehearsalProblems(module: string | undefined, running: ReadonlySet<string>, production: boolean): string[] {
  if (module === undefined) return [];
  if (production) return ['REHEARSE: not in production: it loses and repeats messages on purpose'];
  if (running.has(module)) return [];
  return [`REHEARSE: "${module}" does not run here; expected one of ${[...running].join(', ')}`];
}

type Values = z.output<typeof Variables>;

const secretsOf = ({ SEAM_SECRET, SEAM_SECRET_OTHER }: Values) => ({
  secret: SEAM_SECRET!,
  ...(SEAM_SECRET_OTHER !== undefined && { otherSecret: SEAM_SECRET_OTHER }),
});

function eventsOf(values: Values): EventsOptions {
  if (values.EVENTS === 'kafka') return { kind: 'kafka', ...readKafka(values).kafka, ...secretsOf(values) };
  return values.EVENTS === 'nats' ? { kind: 'nats', url: values.NATS_URL!, ...secretsOf(values) } : { kind: 'feed' };
}

function misplacedModules(wanted: readonly string[], names: readonly string[], local: readonly string[]): string[] {
  const expected = `expected some of ${local.join(', ')}`;
  const wrong = wanted.filter((name) => !local.includes(name));
  return wrong.map((name) =>
    names.includes(name)
      ? `MODULES: ${name} lives in another repository, and cannot run here; ${expected}`
      : `MODULES: there is no module "${name}"; ${expected}`,
  );
}

function readRemotes(
  env: NodeJS.ProcessEnv,
  remotes: readonly string[],
  scheme: 'http' | 'https',
  local: readonly string[],
): { urls: Map<string, string>; problems: string[] } {
  const address = `${scheme}://host:port`;
  const away = (name: string) => (local.includes(name) ? 'does not run here' : 'lives in another repository');
  const missing = (name: string) => `required: the seam address of ${name}, which ${away(name)} (${address})`;
  const shape = remotes.map((name) => [variableOf(name, 'URL'), addressSchema(missing(name), scheme)]);
  const read = readVariables(z.object(Object.fromEntries(shape) as Record<string, z.ZodType<string>>), env);
  if ('problems' in read) return { urls: new Map(), problems: read.problems };
  const origin = (name: string) => new URL(read.values[variableOf(name, 'URL')]!).origin;
  return { urls: new Map(remotes.map((name) => [name, origin(name)])), problems: [] };
}

/** An origin. With certificates of our own nothing goes unencrypted; without them somebody else may see to that. */
function addressSchema(missing: string, scheme: 'http' | 'https'): z.ZodType<string> {
  const expected = `expected ${scheme}://host:port`;
  const wrong = scheme === 'https' ? `${expected}, since SEAM_TLS_CERT is set` : expected;
  const error = ({ input }: { input?: unknown }) => (input === undefined ? missing : wrong);
  const url = z.url({ protocol: scheme === 'https' ? /^https$/ : /^https?$/, error, abort: true });
  return url.refine((text) => new URL(text).pathname === '/', { error: `${expected}, and no path` });
}

function secretProblems({ SEAM_SECRET: secret, SEAM_SECRET_OTHER: other }: Values): string[] {
  const how = `expected at least ${MIN_SECRET_LENGTH} random characters, the same in every process (openssl rand -base64 32)`;
  const missing = `SEAM_SECRET: required: it signs what the processes say to each other; ${how}`;
  const weak = (name: string, value: string | undefined) =>
    value !== undefined && isWeak(value) ? [`${name}: too weak: ${how}`] : [];
  const same =
    'SEAM_SECRET_OTHER: the same as SEAM_SECRET: expected the secret that is to come, or the one before, or nothing';
  return [
    ...(secret === undefined ? [missing] : weak('SEAM_SECRET', secret)),
    ...weak('SEAM_SECRET_OTHER', other),
    ...(other !== undefined && other === secret ? [same] : []),
  ];
}

const isWeak = (secret: string) => secret.length < MIN_SECRET_LENGTH || new Set(secret).size < 10;
