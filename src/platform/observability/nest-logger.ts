import type { LoggerService } from '@nestjs/common';
import type { BoundedContextOptions } from '../bounded-context.js';
import { currentMessage } from '../messaging/context/context.js';
import { messageOf } from '../messaging/describe-error.js';
import type { Logger } from './logging.js';

/** Who writes for Nest itself while it starts and stops: of interest to nobody who does not look for it. */
const FRAMEWORK = new Set([
  'ExceptionsHandler',
  'InjectorLogger',
  'InstanceLoader',
  'NestApplication',
  'NestApplicationContext',
  'NestFactory',
  'PackageLoader',
  'RouterExplorer',
  'RoutesResolver',
]);

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
type Contexts = readonly Pick<BoundedContextOptions, 'name' | 'providers' | 'controllers'>[];

/**
 * Takes what is written with Nest's `Logger`, through the logger of the process: each line at its own level, with the name
 * that its `Logger` has as `logger`. Inside a request or message it says whose it is, as every line does; outside of any it
 * has the module whose name, or whose class's name, its `Logger` has.
 *
 * Plain objects are fields of the line, an error is its `err`. What Nest itself says of its start is for `debug`.
 */
export function nestLogger(log: Logger, contexts: Contexts = []): LoggerService {
  const modules = modulesOfNames(contexts);
  const line =
    (level: Level) =>
    (message: unknown, ...rest: unknown[]) => {
      const { context, text, fields } = read(message, rest);
      // It logs why it cannot listen, and throws it as well: who starts the process is told once.
      if (level === 'error' && text.startsWith('Error: listen ')) return;
      const module = currentMessage() ? undefined : modules.get(context ?? '');
      const own = { ...(context !== undefined && { logger: context }), ...(module !== undefined && { module }) };
      log[level === 'info' && FRAMEWORK.has(context ?? '') ? 'debug' : level]({ ...fields, ...own }, text);
    };
  return {
    verbose: line('trace'),
    debug: line('debug'),
    log: line('info'),
    warn: line('warn'),
    error: line('error'),
    fatal: line('fatal'),
  };
}

/** Nest puts the name of the `Logger` last, behind whatever it was given. */
function read(message: unknown, rest: readonly unknown[]) {
  const last = rest.at(-1);
  const context = typeof last === 'string' && !isStack(last) ? last : undefined;
  const given = [message, ...(context === undefined ? rest : rest.slice(0, -1))].filter((part) => part !== undefined);
  const err = given.find((part) => part instanceof Error);
  const stack = given.slice(1).find(isStack);
  const fields = Object.assign({}, ...given.filter(isFields)) as object;
  const text = given.filter((part) => !isFields(part) && part !== stack).map(textOf);
  return { context, text: text.join(' '), fields: { ...fields, ...(err && { err }), ...(stack && { stack }) } };
}

const isStack = (part: unknown): part is string => typeof part === 'string' && /\n\s+at /.test(part);
const isFields = (part: unknown): part is object =>
  typeof part === 'object' && part !== null && !(part instanceof Error) && !Array.isArray(part);

function textOf(part: unknown): string {
  if (part instanceof Error) return `${part.name}: ${messageOf(part)}`;
  return typeof part === 'string' ? part : JSON.stringify(part);
}

/** The names of modules and of their classes; one that two modules use is nobody's. */
function modulesOfNames(contexts: Contexts): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  const shared = new Set<string>();
  for (const { name, providers, controllers = [] } of contexts) {
    const classes = [...providers, ...controllers].flatMap(classNamesOf);
    for (const each of new Set([name, ...classes])) {
      if (modules.has(each)) shared.add(each);
      modules.set(each, name);
    }
  }
  for (const each of shared) modules.delete(each);
  return modules;
}

function classNamesOf(provider: unknown): string[] {
  if (typeof provider === 'function') return [provider.name];
  const { provide, useClass } = provider as { provide?: unknown; useClass?: unknown };
  return [provide, useClass].filter((each) => typeof each === 'function').map((each) => each.name);
}
