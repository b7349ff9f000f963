import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { slashes } from '../lib/slashes.js';

export type Tier = '1' | '2' | '3' | 'all';

const SPEC = '.spec.ts';
const SECOND = '.tier2.spec.ts';
const THIRD = '.tier3.spec.ts';
/** Followed by the name of a test. */
const NAMES = ['-t', '--testNamePattern'];
const MATCHES: Readonly<Record<Tier, readonly string[]>> = {
  '1': [`**/*${SPEC}`, `!**/*${SECOND}`, `!**/*${THIRD}`],
  '2': [`**/*${SECOND}`],
  '3': [`**/*${THIRD}`],
  all: [`**/*${SPEC}`],
};

/** Every spec of the project. */
export function readSpecs(): string[] {
  const files = ['src', 'modules', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
  );
  return files.filter((file) => file.endsWith(SPEC));
}

/**
 * The arguments by which Jest runs one tier. When none is chosen it is the first; a pattern that only specs of the others match
 * runs those.
 *
 * @param args those that Jest gets besides
 * @param specs the paths of all of them
 */
export function specsOf(tier: Tier | undefined, args: readonly string[], specs: readonly string[]): string[] {
  const patterns = args.filter((arg, at) => !arg.startsWith('-') && !NAMES.includes(args[at - 1] ?? ''));
  const chosen = tier ?? (patterns.some((pattern) => isInNoFirst(pattern, specs)) ? 'all' : '1');
  return MATCHES[chosen].map((glob) => `--testMatch=${glob}`);
}

function isInNoFirst(pattern: string, specs: readonly string[]): boolean {
  const found = specs.filter((spec) => matches(pattern, spec));
  return found.length > 0 && found.every((spec) => spec.endsWith(SECOND) || spec.endsWith(THIRD));
}

/** As Jest does: a regular expression for the whole path. */
function matches(pattern: string, spec: string): boolean {
  try {
    return new RegExp(pattern.replace(/^\.\//, ''), 'i').test(slashes(resolve(spec)));
  } catch {
    return false;
  }
}
