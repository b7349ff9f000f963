import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { PlatformModule } from '../../../src/platform/runtime/platform.module.js';
import { Runtime } from '../../../src/platform/runtime/runtime.js';
import { SeamServer } from '../../../src/platform/transport/seam/seam-server.js';
import { Callee, SECRET } from './callee.js';

/** A process of ours that answers a query; it asks no database. */
const urls = new Map([['callee', 'postgres://nobody@127.0.0.1:1/none']]);
const runtime = new Runtime({ modules: [Callee], urls, poolSize: 1, env: {}, log: pino({ level: 'warn' }) });

@Module({ imports: [PlatformModule.forRuntime(runtime), Callee] })
class Application {}

await NestFactory.createApplicationContext(Application, { logger: false });
const seam = new SeamServer(runtime, () => Promise.reject(new Error('no routes')), { secret: SECRET });
process.stdout.write(`http://127.0.0.1:${await seam.listen(0, '127.0.0.1')}\n`);
