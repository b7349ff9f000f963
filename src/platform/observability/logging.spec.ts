import { describeError } from '../messaging/describe-error.js';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { MessageContext } from '../messaging/context/context.js';
import { runInScope } from '../messaging/context/context.js';
import type { Line, LogOptions } from './logging.js';
import { errorLine, pinoOptions, withoutSecrets } from './logging.js';

const context: MessageContext = {
  id: 'm-2',
  type: 'letters.write-letter.v1',
  module: 'letters',
  correlationId: 'c-1',
  causationId: 'm-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  actor: { sub: 'alice', role: 'customer' },
};

/** A logger, and what it has written. */
function logger(options: Partial<LogOptions> = {}, onLine?: (line: Line) => void) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]);
  return { log: pino(pinoOptions({ level: 'info', format: 'json', ...options }, onLine), { write }), lines };
}

const within = (work: () => void, more: Partial<MessageContext> = {}) =>
  runInScope({ ...context, ...more }, undefined, work);

describe('a line inside a message', () => {
  it('says whose it is', () => {
    const { log, lines } = logger();
    within(() => log.info({ weight: 20 }, 'written'));
    expect(lines).toEqual([
      expect.objectContaining({
        msg: 'written',
        weight: 20,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        correlationId: 'c-1',
        causationId: 'm-1',
        module: 'letters',
        message: 'letters.write-letter.v1',
      }),
    ]);
  });

  it('is shown to the development page as well', () => {
    const seen: Line[] = [];
    const { log } = logger({}, (line) => seen.push(line));
    within(() => log.warn({ weight: 20 }, 'heavy'));
    log.info('outside of any');
    expect(seen).toMatchObject([{ message: 'heavy', level: 40, fields: { weight: 20 }, spanId: 'b7ad6b7169203331' }]);
  });
});

describe('the level', () => {
  it('can be another one for a module', () => {
    const { log, lines } = logger({ level: 'warn', modules: new Map([['letters', 'debug']]) });
    within(() => log.debug('detail'));
    within(() => log.info('not mine'), { module: 'couriers' });
    log.info('nobody');
    log.info({ module: 'letters' }, 'about letters');
    log.error('loud');
    expect(lines.map(({ msg }) => msg)).toEqual(['detail', 'about letters', 'loud']);
  });

  it('can be quieter for a module', () => {
    const { log, lines } = logger({ modules: new Map([['letters', 'silent']]) });
    within(() => log.error('lost'));
    log.info('heard');
    expect(lines.map(({ msg }) => msg)).toEqual(['heard']);
  });
});

describe('secrets', () => {
  it.each(['password', 'token', 'paymentToken', 'authorization', 'cookie', 'secret', 'connectionString'])(
    '%s is in no line, however deep',
    (name) => {
      const { log, lines } = logger();
      const inner = { [name]: 'hunter2', shown: 1 };
      log.info({ ...inner, a: { ...inner, b: { ...inner, c: inner } } }, 'x');
      expect(lines).toHaveLength(1);
      expect(JSON.stringify(lines)).not.toContain('hunter2');
      expect(JSON.stringify(withoutSecrets({ a: [{ b: inner }] }))).not.toContain('hunter2');
    },
  );
});

describe('an error', () => {
  const root = () => new Error('disk full');

  it('is logged with its causes and their stacks, and not with what a driver hangs on it', () => {
    const cause = Object.assign(root(), { parameters: ['personal'], detail: 'Key (email)=(a@b.c) exists' });
    const line = errorLine(new Error('could not save', { cause })) as { message: string; stack: string };
    expect(line.message).toBe('Error: could not save ← Error: disk full');
    expect(line.stack).toMatch(/could not save[\s\S]*caused by Error: disk full\n\s+at /);
    expect(JSON.stringify(line)).not.toMatch(/personal|a@b\.c/);
  });

  it('an error of PostgreSQL is logged without the value that it complains of', () => {
    const message = 'invalid input syntax for type timestamp with time zone: "a@b.c said "hello""';
    const failed = Object.assign(new Error(message), { severity: 'ERROR', code: '22007' });
    const line = JSON.stringify(errorLine(new Error('no answer', { cause: failed })));
    expect(line).toContain('invalid input syntax for type timestamp with time zone');
    expect(line).not.toMatch(/a@b\.c|hello/);
    expect(describeError(failed)).not.toMatch(/a@b\.c|hello/);
    const named = Object.assign(new Error('relation "letters" does not exist'), { severity: 'ERROR', code: '42P01' });
    expect(JSON.stringify(errorLine(named))).toContain('letters');
  });

  it('is told in full once: further out only by its name', () => {
    const cause = root();
    errorLine(cause);
    const outer = errorLine(new Error('letters did not answer', { cause }));
    expect(outer).toEqual({ type: 'Error', message: 'letters did not answer', told: 'before' });
  });

  it('need not be an error', () => {
    expect(errorLine('just text')).toEqual({ message: 'just text' });
  });
});
