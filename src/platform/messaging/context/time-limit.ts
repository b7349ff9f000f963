import type { MessageContext, Scope } from './context.js';
import { runAs } from './context.js';
import { HandlerAborted } from '../errors.js';

/** How long a handler may take whose work is a transaction, in milliseconds: it must end before its session does. */
export const HANDLER_TIMEOUT_MS = 30_000;
/** How long a handler may take that calls the outside, with no transaction open. */
export const EXTERNAL_TIMEOUT_MS = 60_000;
/** The longest limit that a subscription may ask for: an hour. */
export const MAX_TIMEOUT_MS = 3_600_000;

/** It ran into its limit. Counts as a failed attempt. */
class HandlerTimeout extends HandlerAborted {
  constructor({ type, id, module }: MessageContext, limitMs: number) {
    super(
      `A handler of ${module} did not end within ${limitMs} ms and was given up: ${type}, message ${id}. Nothing that it ` +
        'still does counts. Give what it waits for a limit of its own; a @Subscription may have a longer timeoutMs.',
      'timeout',
    );
    this.name = 'HandlerTimeout';
  }
}

/** A promise was rejected that its handler has made and nobody awaits. Counts as a failed attempt. */
export class StrayRejection extends HandlerAborted {
  constructor({ type, id, module }: MessageContext, cause: unknown) {
    super(
      `A handler of ${module} was given up because a promise that it has made was rejected, and nobody awaits it: ${type}, ` +
        `message ${id}. Await it, or handle its failure.`,
      'fault',
      { cause },
    );
    this.name = 'StrayRejection';
  }
}

/** The process stops and cannot wait any longer. */
export class Stopping extends HandlerAborted {
  constructor() {
    super('The process stops, and its handlers did not end in time. What they did is undone and comes again.', 'down');
    this.name = 'Stopping';
  }
}

/** Handlers that were given up and have not returned since. */
const overdue = new Set<MessageContext>();

/** How many handlers of a module were given up and still run. */
export function overdueHandlers(module: string): number {
  let count = 0;
  for (const context of overdue) if (context.module === module) count++;
  return count;
}

/** Milliseconds until the caller of a message stops waiting; never negative. */
export function leftMs({ deadline = Infinity }: MessageContext): number {
  return Math.max(0, deadline - Date.now());
}

/**
 * Runs `work` as the handler of a message, for so long and no longer.
 *
 * @param limitMs milliseconds
 * @param scope its unit of work is abandoned when the limit has passed
 * @throws HandlerTimeout then; whatever `work` throws else
 */
export function runLimited<T>(limitMs: number, scope: Scope, work: () => Promise<T>): Promise<T> {
  const { context } = scope;
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => scope.abort?.(new HandlerTimeout(context, limitMs)), limitMs);
    scope.abort = (reason) => {
      close(scope, reason);
      reject(reason);
    };
    const ended = () => {
      clearTimeout(timer);
      delete scope.abort;
      overdue.delete(context);
    };
    runAs(scope, work).finally(ended).then(resolve, reject);
  });
}

function close(scope: Scope, reason: HandlerAborted): void {
  delete scope.abort;
  scope.over = reason;
  overdue.add(scope.context);
  scope.unit?.abandon(reason);
}
