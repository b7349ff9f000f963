import type { Scope } from './messaging/context/context.js';
import { currentScope } from './messaging/context/context.js';
import { StrayRejection } from './messaging/context/time-limit.js';
import type { Logger } from './observability/logging.js';

/**
 * Says whose fault it is when something fails that nobody waits for.
 *
 * - A rejected promise of a handler, or of a route, is logged with its message, and fails its handler if that still runs.
 *   The process goes on: nothing but that one piece of work is in doubt.
 * - One that belongs to no handler ends the process, as without this.
 * - So does an exception that nobody catches, whoever threw it: nobody knows what it has left half done.
 */
export function watchStrayFailures(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    const scope = currentScope();
    if (!scope) throw reason;
    log.error({ err: reason, ...told(scope) }, 'a promise was rejected that nobody awaits');
    running(scope)?.abort!(new StrayRejection(scope.context, reason));
  });
  process.on('uncaughtExceptionMonitor', (err) => {
    const scope = currentScope();
    log.fatal({ err, ...(scope && told(scope)) }, 'an exception that nobody catches ends the process');
  });
}

/** The handler in which it was, if that still runs and can be given up. */
function running(scope: Scope | undefined): Scope | undefined {
  return !scope || scope.abort ? scope : running(scope.outer);
}

const told = ({ context: { module, type, id } }: Scope) => ({ module, type, messageId: id });
