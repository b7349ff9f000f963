import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { contextOptions } from './platform/bounded-context.js';
import { ConfigError, readVariables } from './platform/configuration.js';
import type { Level, LogOptions } from './platform/observability/logging.js';
import { LEVELS } from './platform/observability/logging.js';
import type { TelemetrySettings } from './platform/observability/settings.js';
import { telemetrySettings, TelemetryVariables } from './platform/observability/settings.js';
import { isPostgresUrl, listProblem, urlsOf } from './platform/connection/urls.js';
import { readTopology, type Topology, variableOf } from './topology.js';

const port = z.coerce.number({ error: 'expected a port number from 0 to 65535' }).int().min(0).max(65535);
const POSTGRES = 'expected a URL like postgres://user:password@host:5432/database, special characters as %23';
const postgresUrl = z.string().refine(isPostgresUrl, POSTGRES);
const postgresUrls = z.string().superRefine((list, context) => {
  const message = listProblem(list, POSTGRES);
  if (message) context.addIssue({ code: 'custom', message });
});
const webUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' });
const RATE = 'expected a number of requests a minute from 1 to 100000, or "off"';
const rate = z.union([z.literal('off'), z.coerce.number().int().min(1).max(100_000)], { error: RATE });

const TOKEN = 'expected at least 32 random characters without spaces (openssl rand -base64 32)';

const HOURS = 'expected a number of hours from 1 to 87600';
const STALE = 'expected an integer of at least 1000 (milliseconds)';

/** The variables of the shell; modules declare their own. An absent one has its default. */
const Variables = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'], { error: 'expected development or production' })
    .default('development'),
  PORT: port.default(3000),
  HOST: z.string().optional(),
  OPS_PORT: port.optional(),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_ADMIN_URL: postgresUrl.optional(),
  DATABASE_POOL_SIZE: z.coerce
    .number({ error: 'expected a number of connections from 2 to 100' })
    .int()
    .min(2)
    .max(100)
    .default(8),
  DATABASE_PREPARED: z.enum(['on', 'off'], { error: 'expected on or off' }).default('on'),
  DATA_DIR: z.string().default('.data'),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_JWKS_URL: webUrl.optional(),
  RATE_LIMIT: rate.default(600),
  CONTRACTS_TOKEN: z
    .string()
    .regex(/^[\w.~+/=-]{32,}$/, TOKEN)
    .optional(),
  OUTBOX_RETENTION_HOURS: z.coerce.number({ error: HOURS }).min(1, HOURS).max(87_600, HOURS).default(168),
  STALE_AFTER_MS: z.coerce.number({ error: STALE }).int(STALE).min(1000, STALE).default(60_000),
  LOG_FORMAT: z.enum(['json', 'pretty'], { error: 'expected json or pretty' }).optional(),
  ...TelemetryVariables.shape,
});

/** Their names, for the documentation. */
export const VARIABLES = Object.keys({ ...Variables.shape, LOG_LEVEL: true });

export interface Config {
  readonly topology: Topology;
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** The listener of metrics, health and operations; `undefined`: none of its own. */
  readonly opsPort: number | undefined;
  /** Where the embedded database and the development keys live. */
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly adminUrl: string | undefined;
  /** `<MODULE>_DATABASE_DIRECT_URL`, else `<MODULE>_DATABASE_URL`, by module: one URL, or several with spaces between. */
  readonly moduleUrls: ReadonlyMap<string, string>;
  /** `<MODULE>_DATABASE_URL` of the modules that have a direct one as well: of a pooler, for their pools. */
  readonly poolerUrls: ReadonlyMap<string, string>;
  /** Whether pools prepare statements by name. */
  readonly prepared: boolean;
  /** `<MODULE>_DATABASE_ADMIN_URL`, by module: the administrator of a server that this module does not share with all others. */
  readonly moduleAdminUrls: ReadonlyMap<string, string>;
  readonly poolSize: number;
  readonly auth: { issuer: string; audience: string; jwksUrl: string } | undefined;
  readonly rateLimit: number | 'off';
  /** Who may read the contracts besides operators; `undefined`: nobody. */
  readonly contractsToken: string | undefined;
  /** How long delivered messages are kept at least, and when one that is not delivered is told of: milliseconds. */
  readonly housekeeping: { keepMs: number; staleAfterMs: number };
  readonly log: LogOptions;
  /** Whether a start tells a person where it is: not in production, nor where somebody asked for nothing but JSON. */
  readonly banner: boolean;
  readonly telemetry: TelemetrySettings;
}

/**
 * Parses the whole environment once, with the variables that the modules declare.
 *
 * @param modules every module of the application
 * @param use `terminal`: whether a person reads standard output; `serves`: false for a tool, which checks no tokens;
 *   `talks`: false for one that meets no other process either
 * @throws ConfigError listing everything that is wrong, by name, never with the value
 */
export function readConfig(
  env: NodeJS.ProcessEnv,
  modules: readonly Type[],
  use: { terminal: boolean; serves: boolean; talks?: boolean },
): Config {
  const shell = readVariables(Variables, env);
  const urls = readModuleUrls(env, modules, 'DATABASE_URL');
  const direct = readModuleUrls(env, modules, 'DATABASE_DIRECT_URL');
  const adminUrls = readModuleUrls(env, modules, 'DATABASE_ADMIN_URL');
  const { topology, running, problems: misplaced } = readTopology(env, modules, use.talks);
  const here = modules.filter((module) => running.has(contextOptions(module)!.name));
  const ofShell = 'problems' in shell ? shell.problems : [];
  const levels = readLevels(env['LOG_LEVEL'] || 'info', modules);
  const pairs = directProblems(urls.urls, direct.urls);
  const ofUrls = [...urls.problems, ...direct.problems, ...adminUrls.problems, ...pairs];
  // What a module reads of the environment is read where it runs.
  const ofModules = use.talks === false ? [] : moduleProblems(env, here);
  const problems = [...ofShell, ...levels.problems, ...ofUrls, ...misplaced, ...ofModules];
  if (!('values' in shell) || !topology) throw new ConfigError(problems);
  const values = shell.values;
  const production = values.NODE_ENV === 'production';
  problems.push(...productionProblems(values, use.serves, urls.urls, here));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    topology,
    production,
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    opsPort: values.OPS_PORT,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    adminUrl: values.DATABASE_ADMIN_URL ?? (production ? undefined : values.DATABASE_URL),
    moduleUrls: new Map([...urls.urls, ...direct.urls]),
    poolerUrls: new Map([...urls.urls].filter(([module]) => direct.urls.has(module))),
    prepared: values.DATABASE_PREPARED === 'on',
    moduleAdminUrls: adminUrls.urls,
    poolSize: values.DATABASE_POOL_SIZE,
    auth: authOf(values),
    rateLimit: values.RATE_LIMIT,
    contractsToken: values.CONTRACTS_TOKEN,
    housekeeping: { keepMs: values.OUTBOX_RETENTION_HOURS * 3_600_000, staleAfterMs: values.STALE_AFTER_MS },
    telemetry: telemetrySettings(values),
    banner: !production && values.LOG_FORMAT !== 'json',
    log: { ...levels.levels!, format: values.LOG_FORMAT ?? (use.terminal && !production ? 'pretty' : 'json') },
  });
}

/** `info`, or `info,letters=debug`: one level for everything, and others for some modules. */
function readLevels(text: string, modules: readonly Type[]) {
  const names = modules.map((module) => contextOptions(module)!.name);
  const parts = text.split(',').map((part) => part.trim().split('='));
  const own = parts.filter((part) => part.length === 2);
  const [level = 'info', ...more] = parts.filter((part) => part.length !== 2).flat();
  const wrong = [level, ...own.map(([, name]) => name!)].some((name) => !LEVELS.includes(name as Level));
  const unknown = own.map(([module]) => module!).filter((module) => !names.includes(module));
  const expected = `expected one of ${LEVELS.join(', ')}, or such as info,${names[0] ?? 'module'}=debug`;
  const problems = [
    ...(wrong || more.length > 0 ? [`LOG_LEVEL: ${expected}`] : []),
    ...unknown.map((name) => `LOG_LEVEL: there is no module "${name}"; expected some of ${names.join(', ')}`),
  ];
  if (problems.length > 0) return { problems };
  return { problems, levels: { level: level as Level, modules: new Map(own as [string, Level][]) } };
}

function readModuleUrls(
  env: NodeJS.ProcessEnv,
  modules: readonly Type[],
  suffix: 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'DATABASE_ADMIN_URL',
) {
  const names = modules.map((module) => contextOptions(module)!.name);
  const url = suffix === 'DATABASE_ADMIN_URL' ? postgresUrl : postgresUrls;
  const shape = Object.fromEntries(names.map((name) => [variableOf(name, suffix), url.optional()]));
  const read = readVariables(z.object(shape), env);
  if ('problems' in read) return { urls: new Map<string, string>(), problems: read.problems };
  const given = names.map((name) => [name, read.values[variableOf(name, suffix)]] as const);
  const urls = new Map(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return { urls, problems: [] };
}

/** What is told to a role has to hold on both ways. */
function directProblems(urls: ReadonlyMap<string, string>, direct: ReadonlyMap<string, string>): string[] {
  const userOf = (list: string) => new URL(urlsOf(list)[0]!).username;
  return [...direct].flatMap(([module, list]) => {
    const [variable, other] = [variableOf(module, 'DATABASE_DIRECT_URL'), variableOf(module, 'DATABASE_URL')];
    const pooled = urls.get(module);
    if (!pooled) return [`${variable}: expected ${other} beside it, which leads to the pooler`];
    return userOf(list) === userOf(pooled) ? [] : [`${variable}: expected the user of ${other}`];
  });
}

function moduleProblems(env: NodeJS.ProcessEnv, modules: readonly Type[]): string[] {
  return modules.flatMap((module) => {
    const config = contextOptions(module)!.config;
    const read = config && readVariables(config.schema, env);
    return read && 'problems' in read ? read.problems : [];
  });
}

function productionProblems(
  values: z.output<typeof Variables>,
  serves: boolean,
  urls: ReadonlyMap<string, string>,
  modules: readonly Type[],
): string[] {
  if (values.NODE_ENV !== 'production') return [];
  const issuer = ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL'] as const;
  const auth = serves ? issuer.filter((name) => !values[name]) : [];
  const missing = modules.map((module) => contextOptions(module)!.name).filter((name) => !urls.has(name));
  return [
    ...auth.map((name) => `${name}: required in production: who signs the users' tokens`),
    ...missing.map(
      (name) => `${variableOf(name, 'DATABASE_URL')}: required in production: the login of the role of ${name}`,
    ),
  ];
}

function authOf({ AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwksUrl }: z.output<typeof Variables>) {
  return issuer && audience && jwksUrl ? { issuer, audience, jwksUrl } : undefined;
}
