import type { INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createLogger } from '../../src/platform/observability/logging.js';
import { PlatformModule } from '../../src/platform/runtime/platform.module.js';
import { Runtime } from '../../src/platform/runtime/runtime.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';

export interface StageOptions {
  /** Connections at most, for each module. */
  poolSize?: number;
}

/** One process of ours with a few bounded contexts, as an application runs them, without HTTP. */
export class Stage {
  private constructor(
    readonly runtime: Runtime,
    private readonly app: INestApplicationContext,
  ) {}

  static async open(
    modules: readonly Type[],
    { urls }: Pick<TestDatabase, 'urls'>,
    { poolSize = 10 }: StageOptions = {},
  ): Promise<Stage> {
    const log = createLogger({ level: 'warn', format: 'json' });
    const runtime = new Runtime({ modules, urls, poolSize, env: {}, log });
    await runtime.connect();
    @Module({ imports: [PlatformModule.forRuntime(runtime), ...modules] })
    class Application {}
    const app = await NestFactory.createApplicationContext(Application, { logger: false, abortOnError: false });
    return new Stage(runtime, app);
  }

  /** Delivery begins. */
  start(): void {
    this.runtime.startDelivery();
  }

  get<T>(type: Type<T>): T {
    return this.app.get(type, { strict: false });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.runtime.stop();
  }
}
