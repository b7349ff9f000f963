import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';
import { destination, pino, transport } from 'pino';
import { describeError } from '../messaging/describe-error.js';
import { currentMessage } from '../messaging/context.js';
import { traceIds } from '../messaging/trace-context.js';

export type { Logger } from 'pino';

export interface LogOptions {
  level: string;
  format: 'json' | 'pretty';
}

/** Secrets and personal data by the names they have in headers, variables and payloads. */
const SECRET = ['authorization', 'cookie', 'password', 'secret', 'token', 'paymentToken', 'connectionString'];
const CENSOR = '[redacted]';
const redact = {
  paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]),
  censor: CENSOR,
};

/** A copy of plain data that may be shown to people who look after the system: without what no log may have either. */
export function withoutSecrets<T>(value: T): T {
  const copy = (key: string, inner: unknown) => (SECRET.includes(key) ? CENSOR : inner);
  return value === undefined ? value : (JSON.parse(JSON.stringify(value, copy)) as T);
}

/**
 * The process's logger. Each line written while a request or message is handled says whose it is: trace and span,
 * correlation and causation, module and message.
 */
export function createLogger({ level, format }: LogOptions): Logger {
  const options = {
    level,
    redact,
    serializers: { err: errorLine },
    base: undefined,
    mixin: origin,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (format === 'json') return pino(options, destination({ sync: false }));
  const pretty = {
    target: 'pino-pretty',
    options: { ignore: 'spanId,causationId', translateTime: 'HH:MM:ss.l', singleLine: true },
  };
  return pino(options, transport(pretty));
}

/** An error and its causes. Not what a driver hangs on it: statements and their parameters may be personal data. */
function errorLine(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  return { type: error.name, message: describeError(error), stack: error.stack };
}

function origin(): object {
  const context = currentMessage();
  if (!context) return {};
  const { module, type: message, correlationId, causationId } = context;
  return { ...traceIds(context.traceparent), correlationId, causationId, module, message };
}

/** Nest's own lines through the same logger. */
export function nestLogger(log: Logger): LoggerService {
  const line =
    (level: 'info' | 'warn' | 'error' | 'debug') =>
    (message: unknown, ...rest: unknown[]) => {
      const error = [message, ...rest].find((part) => part instanceof Error);
      log[level]({ nest: rest.at(-1), ...(error ? { err: error } : {}) }, String(message));
    };
  const error = line('error');
  // It logs why it cannot listen, and throws it as well: who starts the process is told once.
  const unlessThrown = (message: unknown, ...rest: unknown[]) =>
    String(message).startsWith('Error: listen ') ? undefined : error(message, ...rest);
  return { log: line('debug'), warn: line('warn'), error: unlessThrown, debug: line('debug') };
}
