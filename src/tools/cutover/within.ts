import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 5;

/** Looks again and again, for so many milliseconds at most. @returns whether it is so, in that time */
export async function within(timeoutMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > until) return false;
    await delay(LOOK_MS);
  }
  return true;
}
