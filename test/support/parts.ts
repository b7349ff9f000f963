import type { INestApplicationContext, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { contextOptions } from '../../src/platform/bounded-context.js';
import { PlatformModule } from '../../src/platform/runtime/platform.module.js';
import { Runtime } from '../../src/platform/runtime/runtime.js';
import type { TestDatabase } from '../../src/platform/testing/database.js';
import type { EventsOptions } from '../../src/platform/transport/events/event-transport.js';
import { SeamClient } from '../../src/platform/transport/seam/seam-client.js';
import type { PublicRoutes } from '../../src/platform/transport/seam/seam-answers.js';
import type { SeamOptions } from '../../src/platform/transport/seam/seam-server.js';
import { SeamServer } from '../../src/platform/transport/seam/seam-server.js';

export const SECRET = 'PkA3v0mQ9rX7tY2uZ5wB8cE1fH4jL6nS';

export interface PartOptions {
  database: Pick<TestDatabase, 'urls'>;
  /** Every module of the application. */
  modules: readonly Type[];
  /** The one that runs in this part; the others are elsewhere. */
  here: Type;
  /** The seam of this part. */
  port: number;
  /** The seams of the others, by module. */
  urls: Readonly<Record<string, string>>;
  events: EventsOptions;
  /** Default: {@link SECRET}, and no other. */
  secrets?: Pick<SeamOptions, 'secret' | 'otherSecret'>;
}

/** What would be a process of its own, within the process of the test. */
export interface TestPart {
  runtime: Runtime;
  app: INestApplicationContext;
  /** What it has logged. */
  lines: { level: number; msg: string }[];
  stop(): Promise<void>;
}

export async function startPart(options: PartOptions): Promise<TestPart> {
  const lines: TestPart['lines'] = [];
  const runtime = runtimeOf(
    options,
    pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as TestPart['lines'][number]) }),
  );
  await runtime.connect().catch(async (error: unknown) => {
    await runtime.stop();
    throw error;
  });
  @Module({ imports: [PlatformModule.forRuntime(runtime), options.here] })
  class Stage {}
  const app = await NestFactory.createApplicationContext(Stage, { logger: false, abortOnError: false });
  const seam = new SeamServer(runtime, noRoutes, options.secrets ?? { secret: SECRET });
  await seam.listen(options.port, '127.0.0.1');
  runtime.startDelivery();
  const stop = async () => {
    await seam.close();
    await app.close();
    await runtime.stop();
  };
  return { runtime, app, lines, stop };
}

function runtimeOf(options: PartOptions, log: Logger): Runtime {
  const { database, modules, here, urls, events } = options;
  const { secret } = options.secrets ?? { secret: SECRET };
  const name = contextOptions(here)!.name;
  const others = modules.map((module) => contextOptions(module)!.name).filter((each) => each !== name);
  const remotes = others.map((module) => new SeamClient({ module, url: urls[module]! }, { sender: name, secret }));
  return new Runtime({ modules, remotes, events, urls: database.urls, poolSize: 4, env: {}, log });
}

const noRoutes: PublicRoutes = () => Promise.reject(new Error('there are no routes'));
