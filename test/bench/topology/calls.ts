import { quantile } from '../harness.js';

export const WARM = 2000;
export const CALLS = 3000;

/** One after the other. @returns the median in milliseconds */
export async function p50(call: () => Promise<unknown>, calls: number): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < calls; n++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return quantile(took, 0.5);
}
