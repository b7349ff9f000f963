import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { IQueryHandler } from '@nestjs/cqrs';
import { QueryBus, QueryHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { BoundedContext, defineQuery } from '../../src/platform/index.js';
import { childContext, runInScope } from '../../src/platform/messaging/context/context.js';
import type { TestDatabase } from '../../src/platform/testing/index.js';
import { testDatabase } from '../../src/platform/testing/index.js';
import { freePorts } from '../../src/tools/rehearse/split.js';
import type { PartOptions, TestPart } from '../support/parts.js';
import { startPart } from '../support/parts.js';
import { afterwards } from '../support/stage.js';

const word = { payload: z.object({}), result: z.object({ from: z.string() }) };

class AskLeft extends defineQuery('left.ask-left.v1', word) {}
class AskRight extends defineQuery('right.ask-right.v1', word) {}

@QueryHandler(AskLeft)
class AskLeftHandler implements IQueryHandler<AskLeft> {
  async execute() {
    return { from: 'left' };
  }
}

@QueryHandler(AskRight)
class AskRightHandler implements IQueryHandler<AskRight> {
  async execute() {
    return { from: 'right' };
  }
}

@BoundedContext({ name: 'left', contracts: { AskLeft }, providers: [AskLeftHandler] })
class Left {}

@BoundedContext({ name: 'right', contracts: { AskRight }, providers: [AskRightHandler] })
class Right {}

type Secrets = NonNullable<PartOptions['secrets']>;

const newSecret = () => randomBytes(32).toString('base64');
const [old, next] = [newSecret(), newSecret()];

describe('the secret of the seam', () => {
  let database: TestDatabase;
  let ports: number[];
  beforeAll(async () => {
    [database, ports] = await Promise.all([testDatabase([Left, Right]), freePorts(2)]);
    afterwards(() => database.drop());
  }, 60_000);

  const running: { left?: TestPart; right?: TestPart } = {};
  afterwards(async () => {
    await Promise.all([running.left?.stop(), running.right?.stop()]);
  });

  async function restart(name: 'left' | 'right', secrets: Secrets): Promise<void> {
    await running[name]?.stop();
    const urls = { left: `http://127.0.0.1:${ports[0]}`, right: `http://127.0.0.1:${ports[1]}` };
    const [here, port] = name === 'left' ? [Left, ports[0]!] : [Right, ports[1]!];
    const events = { kind: 'feed' } as const;
    running[name] = await startPart({ database, modules: [Left, Right], here, port, urls, events, secrets });
  }

  const ask = (part: TestPart, query: AskLeft | AskRight) =>
    runInScope(childContext('test', 'test'), undefined, () =>
      part.app.get(QueryBus, { strict: false }).execute(query as never),
    );
  const bothAnswer = async () => {
    expect(await ask(running.left!, new AskRight({}))).toEqual({ from: 'right' });
    expect(await ask(running.right!, new AskLeft({}))).toEqual({ from: 'left' });
  };

  it('is changed by rolling restarts, and every request in between is answered', async () => {
    await restart('left', { secret: old });
    await restart('right', { secret: old });
    await bothAnswer();
    const steps: Secrets[] = [{ secret: old, otherSecret: next }, { secret: next, otherSecret: old }, { secret: next }];
    for (const secrets of steps)
      for (const name of ['left', 'right'] as const) {
        await restart(name, secrets);
        await bothAnswer();
      }
  }, 60_000);

  it('what was signed with the former secret of the seam is refused after the change', async () => {
    await restart('left', { secret: old, otherSecret: next });
    await expect(ask(running.left!, new AskRight({}))).rejects.toThrow(/the processes do not share SEAM_SECRET/);
    expect(await ask(running.right!, new AskLeft({}))).toEqual({ from: 'left' });
  }, 30_000);
});
