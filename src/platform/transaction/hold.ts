import { setTimeout as delay } from 'node:timers/promises';
import type { MessageContext } from '../messaging/context/context.js';
import { isConnectionFailure } from '../connection/failures.js';

/** How long work is held that has no deadline, in milliseconds. */
const HOLD_TIMEOUT_MS = 10_000;
const AGAIN_MS = 20;

/** It is not known whether the transaction has committed: its connection was lost after the COMMIT had been sent. */
const undecided = new WeakSet<object>();

/** To be called with what a commit has failed with, where it may have succeeded. */
export function noteUndecided(error: unknown): void {
  undecided.add(error as object);
}

/**
 * Holds work while its database moves from one server to another, rather than let it fail: runs it again when the
 * connection was lost or its server has turned read-only, until the deadline of its caller.
 *
 * @param repeatable whether it may be run again even where it may have been done: it reads only, or it is remembered
 * @throws whatever `work` throws else, or throws last
 */
export async function held<T>(context: MessageContext, repeatable: boolean, work: () => Promise<T>): Promise<T> {
  const until = context.deadline ?? Date.now() + HOLD_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const mayRepeat = isConnectionFailure(error) && (repeatable || !undecided.has(error as object));
      if (!mayRepeat || Date.now() + AGAIN_MS >= until) throw error;
      await delay(AGAIN_MS);
    }
  }
}
