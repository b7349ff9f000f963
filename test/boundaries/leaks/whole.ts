import type { Leak } from '../leak.js';

const leak = (rule: string, kind: string, code: string, more: Partial<Leak> = {}): Leak => ({
  kind,
  rule,
  code: `${code}\n`,
  ...more,
});
const container = (kind: string, code: string, more?: Partial<Leak>) => leak('container', kind, code, more);
const setting = (kind: string, code: string, more?: Partial<Leak>) => leak('process-setting', kind, code, more);
const environment = (kind: string, code: string, more?: Partial<Leak>) => leak('environment', kind, code, more);
const route = (kind: string, path: string, body = '', more?: Partial<Leak>) =>
  leak(
    'route-of-another',
    kind,
    `import { Controller, Get } from '@nestjs/common';\n\n@Controller(${path}) // leak\nexport class Leaked {\n${body}}`,
    more,
  );

const APPLICATION: readonly Leak[] = [
  container(
    'a guard for everybody, of a namespace',
    `import * as core from '@nestjs/core';\n\nexport const leaked = { provide: core.APP_GUARD, useValue: 1 }; // leak`,
  ),
  container(
    'a pipe for everybody, loaded',
    `export const leaked = async () => (await import('@nestjs/core')).APP_PIPE; // leak`,
  ),
  container(
    'a filter for everybody, loaded and taken apart',
    `export const leaked = async () => {\n  const { APP_FILTER } = await import('@nestjs/core'); // leak\n  return APP_FILTER;\n};`,
  ),
  container(
    'an interceptor for everybody, required',
    `const core = require('@nestjs/core');\nexport const leaked = core.APP_INTERCEPTOR; // leak`,
  ),
  container('a guard for everybody, handed on', `export { APP_GUARD as leaked } from '@nestjs/core'; // leak`),
  container(
    'a guard for everybody, by its text',
    `export const leaked = { provide: 'APP_GUARD', useValue: 1 }; // leak`,
  ),
  container(
    'the configuration of the application',
    `import { ApplicationConfig } from '@nestjs/core'; // leak\n\nexport class Leaked {\n  constructor(config: ApplicationConfig) {\n    config.addGlobalGuard({ canActivate: () => true });\n  }\n}`,
  ),
  container(
    'the HTTP server',
    `import { HttpAdapterHost } from '@nestjs/core'; // leak\n\nexport class Leaked {\n  constructor(readonly host: HttpAdapterHost) {}\n}`,
  ),
  container(
    'a part of Nest by its path',
    `import { ModulesContainer } from '@nestjs/core/injector/modules-container.js'; // leak\n\nexport const leaked = ModulesContainer;`,
  ),
  container(
    'middleware',
    `import type { MiddlewareConsumer } from '@nestjs/common'; // leak\n\nexport class Leaked {\n  configure(consumer: MiddlewareConsumer) {\n    consumer.apply().forRoutes('*');\n  }\n}`,
  ),
  container(
    'scopes for everybody',
    `import { ContextIdFactory } from '@nestjs/core';\n\nexport const leaked = (strategy: never) => ContextIdFactory.apply(strategy); // leak`,
  ),
  container(
    'a dynamic module for everybody',
    `export const leaked = {\n  module: class {},\n  global: true, // leak\n};`,
  ),
  container(
    'a package that is made global',
    `declare const Cache: { forRoot(options: object): object };\nexport const leaked = Cache.forRoot({ isGlobal: true }); // leak`,
  ),
  container(
    'options of a look-up that nobody can read',
    `import { ModuleRef } from '@nestjs/core';\n\nexport const leaked = (ref: ModuleRef, type: new () => object, how: object) => ref.get(type, how); // leak`,
  ),
];

const PROCESS: readonly Leak[] = [
  setting(
    'the dispatcher of every request',
    `import { setGlobalDispatcher } from 'undici'; // leak\n\nexport const leaked = setGlobalDispatcher;`,
  ),
  setting(
    'the dispatcher, of the default export',
    `import undici from 'undici';\n\nexport const leaked = () => undici.setGlobalDispatcher(new undici.Agent()); // leak`,
  ),
  setting(
    'the dispatcher, loaded',
    `export const leaked = async () => {\n  const undici = await import('undici');\n  undici.setGlobalDispatcher(new undici.Agent()); // leak\n};`,
  ),
  setting(
    'how zod speaks, taken apart',
    `import { z } from 'zod';\n\nconst { config } = z; // leak\nexport const leaked = config;`,
  ),
  setting(
    'how zod speaks, in brackets',
    `import * as zod from 'zod';\n\nexport const leaked = () => zod['config']({}); // leak`,
  ),
  setting(
    'the registry of zod',
    `import { z } from 'zod';\n\nexport const leaked = () => z.globalRegistry.add(z.string(), {}); // leak`,
  ),
  setting(
    'the tracer of everybody',
    `import { trace } from '@opentelemetry/api';\n\nexport const leaked = (provider: never) => trace.setGlobalTracerProvider(provider); // leak`,
  ),
  setting(
    'no tracer for anybody',
    `import * as api from '@opentelemetry/api';\n\nexport const leaked = () => api.context.disable(); // leak`,
  ),
  setting(
    'the logger of everybody',
    `import { Logger } from '@nestjs/common';\n\nexport const leaked = () => Logger.overrideLogger(false); // leak`,
  ),
  setting(
    'the mappings of everybody',
    `import { getMetadataArgsStorage } from 'typeorm'; // leak\n\nexport const leaked = getMetadataArgsStorage;`,
  ),
  setting(
    'data of the environment',
    `import { setEnvironmentData } from 'node:worker_threads'; // leak\n\nexport const leaked = setEnvironmentData;`,
  ),
  setting(
    'a channel of the process, imported',
    `import { BroadcastChannel as Channel } from 'worker_threads'; // leak\n\nexport const leaked = Channel;`,
  ),
  setting(
    'the name servers',
    `import dns from 'node:dns/promises';\n\nexport const leaked = () => dns.setServers([]); // leak`,
  ),
  setting(
    'flags of V8',
    `import { setFlagsFromString } from 'node:v8'; // leak\n\nexport const leaked = setFlagsFromString;`,
  ),
  environment('process.on', `export const leaked = () => process.on('uncaughtException', () => undefined); // leak`),
  environment(
    'process.setUncaughtExceptionCaptureCallback',
    `export const leaked = () => process.setUncaughtExceptionCaptureCallback(null); // leak`,
  ),
  environment('process.exitCode', `export const leaked = () => { process.exitCode = 1; }; // leak`, {
    also: ['shared-global'],
  }),
];

const ROUTES: readonly Leak[] = [
  route("another module's route", `'v1/stock'`),
  route("a path below another module's route", `'/v1/stock/levels/'`),
  route('a path in options', `{ path: ['v1/bills', 'v1/stock/bills'] }`),
  route('a method whose path is below', `'v1'`, `  @Get('stock/levels')\n  get() {}\n`),
  route('a parameter that may be anything', `'v1/:what'`),
  route('operations', `'_ops/billing'`),
  route('the traces of development', `'_dev/traces/billing'`),
  route('the page of development', `'_dev'`),
  route('the page of metrics, by a method', ``, `  @Get('metrics')\n  get() {}\n`),
];

const DATABASES: readonly Leak[] = [
  leak(
    'own-database-only',
    'a broker of its own',
    `import { connect } from '@nats-io/transport-node'; // leak\n\nexport const leaked = connect;`,
  ),
  leak(
    'own-database-only',
    'a database of Node',
    `import { DatabaseSync } from 'node:sqlite'; // leak\n\nexport const leaked = DatabaseSync;`,
    { also: ['unresolvable'] },
  ),
];

/** What one module could decide for all. */
export const WHOLE: readonly Leak[] = [...APPLICATION, ...PROCESS, ...ROUTES, ...DATABASES];
