import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { pino } from 'pino';
import type { MessageContext } from '../messaging/context/context.js';
import { runInScope } from '../messaging/context/context.js';
import type { LogOptions } from './logging.js';
import { pinoOptions } from './logging.js';
import { nestLogger } from './nest-logger.js';

const context: MessageContext = {
  id: 'm-2',
  type: 'letters.write-letter.v1',
  module: 'letters',
  correlationId: 'c-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  actor: { sub: 'alice', role: 'someone' },
};

class WriteLetterHandler {}
class Clock {}
const modules = [
  { name: 'letters', providers: [WriteLetterHandler, Clock] },
  { name: 'couriers', providers: [{ provide: Clock, useValue: new Clock() }] },
];

let lines: Record<string, unknown>[];
function listen(options: Partial<LogOptions> = {}) {
  lines = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]);
  Logger.overrideLogger(
    nestLogger(pino(pinoOptions({ level: 'trace', format: 'json', ...options }), { write }), modules),
  );
}
beforeEach(() => listen());
afterAll(() => Logger.overrideLogger(false));

const said = () => lines.map(({ level, msg, logger, module }) => ({ level, msg, logger, module }));

describe("what a module writes with Nest's Logger", () => {
  it('is written at its own level', () => {
    const log = new Logger('letters');
    for (const level of ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const) log[level](level);
    expect(said().map(({ level, msg }) => [level, msg])).toEqual([
      [10, 'verbose'],
      [20, 'debug'],
      [30, 'log'],
      [40, 'warn'],
      [50, 'error'],
      [60, 'fatal'],
    ]);
  });

  it('says whose it is, inside a message', () => {
    runInScope(context, undefined, () => new Logger('Anything').log('written'));
    expect(lines).toMatchObject([
      {
        msg: 'written',
        logger: 'Anything',
        module: 'letters',
        message: 'letters.write-letter.v1',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
      },
    ]);
  });

  it('has the module of the class that its Logger is named after, outside of any message', () => {
    for (const name of ['letters', WriteLetterHandler.name, Clock.name, 'Else']) new Logger(name).log('x');
    expect(said().map(({ logger, module }) => [logger, module])).toEqual([
      ['letters', 'letters'],
      ['WriteLetterHandler', 'letters'],
      ['Clock', undefined],
      ['Else', undefined],
    ]);
  });

  it('heeds the level of its module', () => {
    listen({ level: 'warn', modules: new Map([['letters', 'debug']]) });
    new Logger('letters').debug('mine');
    new Logger('couriers').log('not mine');
    expect(said().map(({ msg }) => msg)).toEqual(['mine']);
  });

  it('keeps fields as fields, errors as errors, and secrets to itself', () => {
    const log = new Logger('letters');
    log.log('heavy', { weight: 20, password: 'hunter2' });
    log.warn({ weight: 21 });
    log.error('lost', new Error('no courier'));
    log.error('lost', new Error('again').stack);
    log.error(new Error('just so'));
    log.log('two', 'texts');
    expect(lines).toMatchObject([
      { msg: 'heavy', weight: 20, password: '[redacted]', module: 'letters' },
      { msg: '', weight: 21 },
      { msg: 'lost Error: no courier', err: { message: 'Error: no courier', stack: expect.stringContaining(' at ') } },
      { msg: 'lost', stack: expect.stringMatching(/^Error: again\n/) },
      { msg: 'Error: just so', err: { message: 'Error: just so' } },
      { msg: 'two texts', logger: 'letters' },
    ]);
  });

  it('what a module writes with Nest’s Logger of a failed statement tells no value', () => {
    const failed = Object.assign(new Error('invalid input syntax: "a@b.c"'), { severity: 'ERROR', code: '22P02' });
    new Logger('letters').error(failed);
    expect(JSON.stringify(lines)).toContain('invalid input syntax');
    expect(JSON.stringify(lines)).not.toContain('a@b.c');
  });
});

describe('what Nest itself says of its start', () => {
  it('is for whoever looks for it', () => {
    Logger.log('Nest application successfully started', 'NestApplication');
    Logger.warn('something is odd', 'NestApplication');
    Logger.error('Error: listen EADDRINUSE', 'NestApplication');
    expect(said().map(({ level, msg }) => [level, msg])).toEqual([
      [20, 'Nest application successfully started'],
      [40, 'something is odd'],
    ]);
  });
});
