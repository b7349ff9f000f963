import type { INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { HousekeepingOptions } from '../../src/platform/delivery/housekeeping.js';
import { createLogger } from '../../src/platform/observability/logging.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { Runtime } from '../../src/platform/runtime.js';
import type { TestDatabase } from '../../src/platform/testing/database.js';

export interface Replica {
  runtime: Runtime;
  app: INestApplicationContext;
  stop(): Promise<void>;
}

/** Starts the modules on a database that outlives them: for restarts, and for several replicas. */
export async function startReplica(
  database: TestDatabase,
  modules: readonly Type[],
  housekeeping: Partial<HousekeepingOptions> = {},
): Promise<Replica> {
  const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', format: 'json' });
  const runtime = new Runtime({ modules, urls: database.urls, poolSize: 4, env: {}, log, housekeeping });
  await runtime.connect();
  @Module({ imports: [PlatformModule.forRuntime(runtime), ...modules] })
  class Stage {}
  const app = await NestFactory.createApplicationContext(Stage, { logger: false, abortOnError: false });
  runtime.startDelivery();
  const stop = async () => {
    await app.close();
    await runtime.stop();
  };
  return { runtime, app, stop };
}
