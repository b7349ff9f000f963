import { describe } from '@jest/globals';
import { fetchKafka, hasKafka } from '../../src/tools/rehearse/java.js';
import type { Program } from './programs.js';
import { findProgram } from './programs.js';
import { hasPackages, installPackages } from './packages.js';

/**
 * Declares what a file of tests needs and no npm package ships: `const describe = needs('nats-server');`, once, at its top.
 * Only specs of the second and third tier may name programs (`*.tier2.spec.ts`, `*.tier3.spec.ts`).
 *
 * @returns a `describe` whose tests are not run where a program is missing; the end of the run names it: see not-run.ts
 */
export function needs(...programs: readonly Program[]): typeof describe | typeof describe.skip {
  return programs.every(findProgram) ? describe : describe.skip;
}

/**
 * As {@link needs}, for tests with a real Kafka: `const describe = needsKafka();`. What test/support/kafka/pom.xml names is fetched when
 * it is not there.
 *
 * @param programs what else is needed
 * @returns a `describe` whose tests are not run without Java and Maven, or where nothing can be fetched, for want of a registry
 */
export function needsKafka(...programs: readonly Program[]): typeof describe | typeof describe.skip {
  const found = ['java', 'mvn', ...programs].every((program) => findProgram(program as Program));
  return found && (hasKafka() || fetchKafka()) ? describe : describe.skip;
}

/** As {@link needs}, for tests that tell a process by a signal to end: Windows ends it without asking. */
export function needsSignals(): typeof describe | typeof describe.skip {
  return process.platform === 'win32' ? describe.skip : describe;
}

/**
 * As {@link needs}: `const describe = needsPackages('test/folder');` for a package below `test/` with a lock file of its own. What it
 * names is installed when it is not there.
 *
 * @returns a `describe` whose tests are not run where it cannot be installed, for want of a registry
 */
export function needsPackages(folder: string): typeof describe | typeof describe.skip {
  return hasPackages(folder) || installPackages(folder) ? describe : describe.skip;
}
