import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { mintDevelopmentToken } from '../http/auth/auth.js';
import { fastifyOptions } from '../http/fastify-options.js';
import { HealthSource } from '../http/health.js';
import { configureHttp, HttpModule } from '../http/http-app.js';
import type { Role } from '../http/auth/roles.js';
import { nestLogger } from '../observability/nest-logger.js';
import { RuntimeHealth } from '../runtime/health.js';
import { PlatformModule } from '../runtime/platform.module.js';
import type { Runtime } from '../runtime/runtime.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface RouteRequest {
  /** Who asks; nobody in particular by default. */
  role?: Role;
  sub?: string;
  body?: object;
  /** Idempotency key; a new one by default. */
  key?: string;
}

export interface RouteAnswer {
  status: number;
  headers: Headers;
  /** Of a body in JSON what it says; of none `undefined`. */
  body: never;
}

@Global()
@Module({ providers: [{ provide: HealthSource, useClass: RuntimeHealth }], exports: [HealthSource] })
class HealthModule {}

/** The application as a whole: its modules behind the routes that they have, on a port once the first is asked. */
export class RoutedApp {
  #listening: Promise<string> | undefined;

  private constructor(
    readonly app: NestFastifyApplication,
    private readonly dataDir: string,
  ) {}

  static async open(runtime: Runtime, modules: readonly Type[]): Promise<RoutedApp> {
    const dataDir = await mkdtemp(join(tmpdir(), 'routes-'));
    const http = HttpModule.forRoot({ production: false, dataDir, rateLimit: 'off', log: runtime.log });
    @Module({ imports: [PlatformModule.forRuntime(runtime), HealthModule, http, ...modules] })
    class Stage {}
    const app = await NestFactory.create<NestFastifyApplication>(Stage, new FastifyAdapter(fastifyOptions()), {
      logger: nestLogger(runtime.log, runtime.contexts),
      abortOnError: false,
    });
    configureHttp(app);
    await app.init();
    return new RoutedApp(app, dataDir);
  }

  /** Asks a route. @param path from the first slash on */
  async request(method: Method, path: string, request: RouteRequest = {}): Promise<RouteAnswer> {
    const { role, sub = 'somebody', body, key = randomUUID() } = request;
    const token = role && (await mintDevelopmentToken(this.dataDir, { sub, role, ttl: '1h' }));
    this.#listening ??= this.app.listen(0, '127.0.0.1').then(() => this.app.getUrl());
    const response = await fetch(`${await this.#listening}${path}`, {
      method,
      headers: {
        'idempotency-key': key,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as never };
  }

  async close(): Promise<void> {
    await this.app.close();
    await rm(this.dataDir, { recursive: true });
  }
}
