import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../harness.js';

export const WARM = 2000;
export const CALLS = 3000;

/** One after the other. @returns the median in milliseconds */
export async function p50(call: () => Promise<unknown>, calls: number): Promise<number> {
  return quantile(await timesOf(call, calls), 0.5);
}

/**
 * One after the other. @returns milliseconds of each
 * @param pauseMs before each: a process that is asked now and then is slower than one that does nothing else
 */
export async function timesOf(call: () => Promise<unknown>, calls: number, pauseMs?: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < calls; n++) {
    if (pauseMs !== undefined) await delay(pauseMs);
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return took;
}
