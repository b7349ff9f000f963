import type { Logger, LoggerOptions } from 'pino';
import { destination, pino, transport } from 'pino';
import { describeError, messageOf } from '../messaging/describe-error.js';
import { currentMessage } from '../messaging/context/context.js';
import { traceIds } from '../messaging/context/trace-context.js';

export type { Logger } from 'pino';

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogOptions {
  level: Level;
  /** Other levels for some modules. */
  modules?: ReadonlyMap<string, Level>;
  format: 'json' | 'pretty';
}

/** What a line says beside its text, and in which trace. */
export interface Line {
  traceId: string;
  spanId: string;
  level: number;
  at: number;
  message: string;
  fields: object;
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
export function createLogger(options: LogOptions, onLine?: (line: Line) => void): Logger {
  if (options.format === 'json') return pino(pinoOptions(options, onLine), destination({ sync: false }));
  const pretty = {
    target: 'pino-pretty',
    options: { ignore: 'spanId,causationId', translateTime: 'HH:MM:ss.l', singleLine: true },
  };
  return pino(pinoOptions(options, onLine), transport(pretty));
}

/** Everything about the logger but where its lines go. */
export function pinoOptions({ level, modules = new Map() }: LogOptions, onLine?: (line: Line) => void): LoggerOptions {
  const lowest = [level, ...modules.values()].sort((a, b) => LEVELS.indexOf(a) - LEVELS.indexOf(b))[0]!;
  const hooks = modules.size > 0 || onLine ? { hooks: { logMethod: filtering(level, modules, onLine) } } : {};
  return {
    level: lowest,
    ...hooks,
    redact,
    serializers: { err: errorLine },
    base: undefined,
    mixin: origin,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
}

type LogMethod = (this: Logger, args: Parameters<Logger['info']>, method: Logger['info'], level: number) => void;

/** Leaves out what the level of the module that runs does not let through, and shows the rest to `onLine`. */
function filtering(level: Level, modules: ReadonlyMap<string, Level>, onLine?: (line: Line) => void): LogMethod {
  const value = (name: Level) => (name === 'silent' ? Infinity : pino.levels.values[name]!);
  const least = value(level);
  const leastOf = new Map([...modules].map(([module, name]) => [module, value(name)]));
  return function (args, method, at) {
    const fields: unknown = args[0];
    const module = currentMessage()?.module ?? (fields as { module?: string } | null)?.module ?? '';
    if (at < (leastOf.get(module) ?? least)) return;
    method.apply(this, args);
    const context = onLine && currentMessage();
    if (!context) return;
    const said = typeof fields === 'object' && fields !== null ? fields : {};
    const ids = traceIds(context.traceparent);
    onLine({ ...ids, level: at, at: Date.now(), message: String(args.at(said === fields ? 1 : 0)), fields: said });
  };
}

const told = new WeakSet<Error>();

/**
 * An error and its causes, each with its stack, the first time that any of them is logged; whoever logs it again, further
 * out, has its name and message only. Never what a driver hangs on it: parameters may be personal data.
 */
export function errorLine(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const chain = chainOf(error);
  if (chain.some((each) => told.has(each))) return { type: error.name, message: messageOf(error), told: 'before' };
  for (const each of chain) told.add(each);
  const stack = chain.map(stackOf).join('\ncaused by ');
  return { type: error.name, message: describeError(error), stack };
}

/** It begins with the message. */
const stackOf = (error: Error) => error.stack?.replace(error.message, () => messageOf(error));

function chainOf(error: Error): Error[] {
  const chain: Error[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  return chain;
}

function origin(): object {
  const context = currentMessage();
  if (!context) return {};
  const { module, type: message, correlationId, causationId } = context;
  return { ...traceIds(context.traceparent), correlationId, causationId, module, message };
}
