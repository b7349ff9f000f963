import type { INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Command } from '@nestjs/cqrs';
import { CommandBus } from '@nestjs/cqrs';
import type { HousekeepingOptions } from '../../src/platform/delivery/maintenance/housekeeping.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { definitionOf } from '../../src/platform/messaging/define.js';
import type { Logger } from '../../src/platform/observability/logging.js';
import { UnitOfWork } from '../../src/platform/transaction/unit-of-work.js';
import { PlatformModule } from '../../src/platform/runtime/platform.module.js';
import type { RuntimeOptions } from '../../src/platform/runtime/runtime.js';
import { Runtime } from '../../src/platform/runtime/runtime.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { testLogger } from '../../src/platform/testing/wiring.js';

/**
 * Starts the modules on a database that outlives them: for restarts, and for several replicas.
 *
 * @param log hears nothing unless `LOG_LEVEL` says so
 */
export async function startReplica(
  database: Pick<TestDatabase, 'urls'>,
  modules: readonly Type[],
  housekeeping: Partial<HousekeepingOptions> = {},
  log: Logger = testLogger(),
  more: Partial<RuntimeOptions> = {},
): Promise<Replica> {
  const replica = await openReplica(database, modules, housekeeping, log, more);
  replica.runtime.startDelivery();
  return replica;
}

/** The same, but nothing is delivered by it. */
export async function openReplica(
  database: Pick<TestDatabase, 'urls'>,
  modules: readonly Type[],
  housekeeping: Partial<HousekeepingOptions> = {},
  log: Logger = testLogger(),
  more: Partial<RuntimeOptions> = {},
): Promise<Replica> {
  const runtime = new Runtime({ modules, urls: database.urls, poolSize: 5, env: {}, log, housekeeping, ...more });
  await runtime.connect();
  @Module({ imports: [PlatformModule.forRuntime(runtime), ...modules] })
  class Stage {}
  const app = await NestFactory.createApplicationContext(Stage, { logger: false, abortOnError: false });
  return new Replica(runtime, app);
}

/** One process's worth of the application. */
export class Replica {
  constructor(
    readonly runtime: Runtime,
    readonly app: INestApplicationContext,
  ) {}

  /** Executes a command, with an idempotency key if there is one. */
  async execute<R>(command: Command<R>, key?: string): Promise<R> {
    const context = childContext('test', 'test', key === undefined ? {} : { key });
    return await runInScope(context, undefined, () => this.app.get(CommandBus).execute(command));
  }

  /** Publishes events of one module, in one transaction. */
  async publish(...events: object[]): Promise<void> {
    const { module } = definitionOf(events[0])!;
    const unit = new UnitOfWork(module, this.runtime.database(module).dataSource);
    for (const event of events) unit.publish(event);
    await unit.commit();
    this.runtime.watches.get(module)!.committed();
  }

  /** Runs SQL in a module's schema. */
  async sql<T extends object>(module: string, text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.runtime.database(module).pool.query<T>(text, values)).rows;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.runtime.stop();
  }
}
