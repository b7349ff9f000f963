import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a condition instead of sleeping.
 *
 * @example
 * const [row] = await eventually(async () => (await scene.sql('SELECT FROM letter')).length > 0, 'a letter');
 * @param look is called until it returns something other than `undefined` and `false`, and does not throw
 * @param what for the message when it never does
 * @param withinMs milliseconds to wait at most
 * @returns what `look` returned
 * @throws the last error, or that `what` did not happen
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  what = 'the condition',
  withinMs = 15_000,
): Promise<Exclude<T, undefined | false>> {
  const until = Date.now() + withinMs;
  for (let pause = 2; ; pause = Math.min(100, pause * 2)) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
      if (Date.now() > until) throw new Error(`${what} did not happen within ${withinMs} ms`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await delay(pause);
  }
}
