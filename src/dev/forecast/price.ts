import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Where `npm run bench -- topology` keeps what a seam costs between two processes. */
export const SEAM_COST = 'docs/seam-cost.json';

const Price = z.object({
  /** Milliseconds more than within one process. */
  p50: z.number(),
  p95: z.number(),
  /** Both ways, of a small message. */
  bytes: z.number(),
});

const SeamCost = z.object({
  at: z.iso.datetime(),
  /** `2 × AMD EPYC, Node 20.20.2` */
  machine: z.string(),
  /** A command or query that is waited for. */
  ask: Price,
  /** A stored message, from its commit to its handler. */
  message: Price,
  /** A request that the front door hands on. */
  forward: Price,
  /** Of a process with one module, in megabytes. */
  processMb: z.number(),
});

/** What it costs that a seam lies between two processes. */
export type SeamCost = z.output<typeof SeamCost>;

/** @returns `undefined` where it was never measured. @throws Error when the file is something else */
export function readSeamCost(root: string): SeamCost | undefined {
  const path = join(root, SEAM_COST);
  if (!existsSync(path)) return undefined;
  try {
    return SeamCost.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const message = `${SEAM_COST} is not what npm run bench -- topology writes: remove it, and measure again.`;
    throw new Error(message, { cause });
  }
}
