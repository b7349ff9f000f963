import type { Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { contextOptions, livesHere } from '../bounded-context.js';
import { specsEnv } from '../configuration.js';
import { WiringError } from '../messaging/registry.js';
import type { Level, Logger } from '../observability/logging.js';
import { createLogger } from '../observability/logging.js';
import { PlatformModule } from '../runtime/platform.module.js';
import { Runtime } from '../runtime/runtime.js';

const NOWHERE = 'postgres://nobody@127.0.0.1:1/nowhere';

/** The variables that modules have in specs: see `defineConfig`. */
export function specsEnvOf(modules: readonly Type[]): NodeJS.ProcessEnv {
  return specsEnv(modules.map((module) => contextOptions(module)!.config));
}

/** A process that was never connected: good for everything that happens before the first statement. */
export function disconnectedRuntime(modules: readonly Type[], env: NodeJS.ProcessEnv = specsEnvOf(modules)): Runtime {
  const urls = new Map(modules.map((module) => [contextOptions(module)!.name, NOWHERE]));
  return new Runtime({ modules, urls, poolSize: 1, env, log: createLogger({ level: 'silent', format: 'json' }) });
}

/**
 * Starts the modules of this repository without a database, up to the point where they are known to fit together.
 *
 * @param env what the modules' configuration needs. Default: what each says that it has in specs
 * @returns what a start would be refused for; empty when it would not
 */
export async function wiringProblems(
  modules: readonly Type[],
  env: NodeJS.ProcessEnv = specsEnvOf(modules),
): Promise<readonly string[]> {
  @Module({ imports: [PlatformModule.forRuntime(disconnectedRuntime(modules, env)), ...modules.filter(livesHere)] })
  class Stage {}
  try {
    const app = await NestFactory.createApplicationContext(Stage, { logger: false, abortOnError: false });
    await app.close();
    return [];
  } catch (error) {
    if (error instanceof WiringError) return error.problems;
    throw error;
  }
}

/** Hears nothing unless `LOG_LEVEL` says so. */
export function testLogger(): Logger {
  return createLogger({ level: (process.env['LOG_LEVEL'] as Level | undefined) ?? 'silent', format: 'json' });
}
