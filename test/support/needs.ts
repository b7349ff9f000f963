import { describe } from '@jest/globals';
import type { Program } from './programs.js';
import { findProgram } from './programs.js';

/**
 * Declares what a file of tests needs and no npm package ships: `const describe = needs('nats-server');`, once, at its top.
 * Only specs of the second tier may (`*.tier2.spec.ts`).
 *
 * @returns a `describe` whose tests are not run where a program is missing; the end of the run names it: see not-run.ts
 */
export function needs(...programs: readonly Program[]): typeof describe | typeof describe.skip {
  return programs.every(findProgram) ? describe : describe.skip;
}
