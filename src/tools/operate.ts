import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readConfig, type Config } from '../config.js';
import { prepareDatabase } from '../database.js';
import { modules } from '../modules.js';
import { contextOptions } from '../platform/bounded-context.js';
import { specsEnv } from '../platform/configuration.js';
import { OperatorError } from '../platform/coded-error.js';
import { adoptNames } from '../platform/delivery/checkpoint/renaming.js';
import { DomainError } from '../platform/messaging/errors.js';
import { createLogger } from '../platform/observability/logging.js';
import { PlatformModule } from '../platform/runtime/platform.module.js';
import { Runtime } from '../platform/runtime/runtime.js';
import { SeamClient } from '../platform/transport/seam/seam-client.js';
import { fail } from './lib/cli.js';

/**
 * Runs `work` on the database of the running system, with all modules built and nothing delivered: no process of the
 * application is needed, and one that runs is not disturbed.
 *
 * @throws UsageError with one clear line for what can be expected to go wrong
 */
export async function operate(given: NodeJS.ProcessEnv, work: (runtime: Runtime) => Promise<void>): Promise<void> {
  const env = withVariables(given);
  try {
    await onDatabase(readConfig(env, modules, { terminal: process.stdout.isTTY, serves: false }), env, work);
  } catch (error) {
    if (error instanceof DomainError || error instanceof OperatorError) fail(error.message);
    throw error;
  }
}

/** Nothing is delivered here: a variable of a module that this shell does not have is what it is in specs. */
function withVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const said = Object.entries(env).filter(([, value]) => value !== '');
  return { ...specsEnv(modules.map((module) => contextOptions(module)!.config)), ...Object.fromEntries(said) };
}

async function onDatabase(
  config: Config,
  env: NodeJS.ProcessEnv,
  work: (runtime: Runtime) => Promise<void>,
): Promise<void> {
  const { running, remotes, seam } = config.topology;
  const here = modules.filter((module) => running.has(contextOptions(module)!.name));
  const log = createLogger({ ...config.log, level: 'warn' });
  const database = await prepareDatabase(config, here, log);
  const identity = { sender: 'operations', secret: seam?.secret ?? '' };
  const away = [...remotes].map(([module, url]) => new SeamClient({ module, url }, identity));
  const runtime = new Runtime({ modules, remotes: away, urls: database.urls, poolSize: POOL, env, log });
  try {
    await runtime.open();
    @Module({ imports: [PlatformModule.forRuntime(runtime), ...here] })
    class Operations {}
    const app = await NestFactory.createApplicationContext(Operations, { logger: false, abortOnError: false });
    await adoptNames(runtime.consumers, runtime.databases);
    await work(runtime);
    await app.close();
  } finally {
    await runtime.stop();
    await database.release();
  }
}

/** Enough to hold every producer of a consumer while it is replayed. */
const POOL = 4;
