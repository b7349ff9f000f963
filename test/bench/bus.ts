import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command, CommandBus, CommandHandler, CqrsModule } from '@nestjs/cqrs';
import { z } from 'zod';
import { BoundedContext, defineCommand } from '../../src/platform/index.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import { testDatabase } from '../../src/platform/testing/index.js';
import type { Bench, Row } from './harness.js';
import { inTurns } from './harness.js';
import { withServer } from './server.js';
import { Stage } from './stage.js';

const CALLS = 50_000;

/** The same content on both sides, of the size of an ordinary command. */
const PAYLOAD = { sku: 'beans-250', quantity: 3, note: 'to the back door' };

class Ask extends defineCommand('callee.ask.v1', {
  payload: z.object({ sku: z.string(), quantity: z.int(), note: z.string() }),
  result: z.object({ left: z.int() }),
}) {}

@CommandHandler(Ask)
class AskHandler {
  async execute({ quantity }: Ask) {
    return { left: 10 - quantity };
  }
}

@BoundedContext({ name: 'callee', contracts: { Ask }, providers: [AskHandler], migrations: [] })
class Callee {}

@Injectable()
class Asking {
  constructor(readonly commands: CommandBus) {}
}

@BoundedContext({ name: 'caller', contracts: {}, providers: [Asking], migrations: [] })
class Caller {}

class BareAsk extends Command<{ left: number }> {
  constructor(readonly payload: typeof PAYLOAD) {
    super();
  }
}

@CommandHandler(BareAsk)
class BareAskHandler {
  async execute({ payload }: BareAsk) {
    return { left: 10 - payload.quantity };
  }
}

@Module({ imports: [CqrsModule.forRoot()], providers: [BareAskHandler] })
class Bare {}

/** What a command from one module to another costs in process: checked, copied, frozen, in a context of its own. */
export async function bus(bench: Bench): Promise<Row[]> {
  return await withServer(async () => {
    const stage = await Stage.open([Callee, Caller], await testDatabase([Callee, Caller]));
    const bare = await NestFactory.createApplicationContext(Bare, { logger: false });
    const [seam, direct] = [stage.get(Asking).commands, bare.get(CommandBus)];
    try {
      return await compare(
        bench,
        () => seam.execute(new Ask(PAYLOAD)),
        () => direct.execute(new BareAsk(PAYLOAD)),
      );
    } finally {
      await bare.close();
      await stage.close();
    }
  });
}

async function compare(bench: Bench, seam: () => Promise<unknown>, bare: () => Promise<unknown>): Promise<Row[]> {
  const inRequest = () => runInScope(childContext('POST /', 'caller'), undefined, () => microseconds(seam));
  for (let warm = 0; warm < 3; warm++) await inRequest();
  const series = await inTurns(bench, { seam: inRequest, bare: () => microseconds(bare) });
  const more = series.of('seam') - series.of('bare');
  return [
    {
      benchmark: 'Bus: a command to another module in process, against bare @nestjs/cqrs',
      target: '≤ 5 µs more',
      measured: `${more.toFixed(1)} µs more (${series.of('seam').toFixed(1)} against ${series.of('bare').toFixed(1)})`,
      reached: more <= 5,
    },
  ];
}

/** One after the other, as a handler does. */
async function microseconds(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < CALLS; index++) await call();
  return ((performance.now() - began) * 1000) / CALLS;
}
