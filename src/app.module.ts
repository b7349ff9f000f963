import type { DynamicModule, Type } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import type { Config } from './config.js';
import { RuntimeHealth } from './platform/runtime/health.js';
import { HealthSource } from './platform/http/health.js';
import { HttpModule } from './platform/http/http-app.js';
import { OperationsModule } from './platform/operations/operations.module.js';
import { PlatformModule } from './platform/runtime/platform.module.js';
import type { Runtime } from './platform/runtime/runtime.js';

/** The application: the platform, the public listener, and the modules that run here. */
@Global()
@Module({ providers: [{ provide: HealthSource, useClass: RuntimeHealth }], exports: [HealthSource] })
export class AppModule {
  static forHost(config: Config, runtime: Runtime, modules: readonly Type[]): DynamicModule {
    const { production, dataDir, auth, rateLimit } = config;
    const http = HttpModule.forRoot({ production, dataDir, auth, rateLimit, log: runtime.log });
    return { module: AppModule, imports: [PlatformModule.forRuntime(runtime), http, OperationsModule, ...modules] };
  }
}
