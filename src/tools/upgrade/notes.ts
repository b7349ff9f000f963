import { z } from 'zod';
import { fail } from '../lib/cli.js';
import { git } from '../extract/repository.js';

const FOLDER = 'upgrades/';

/** What a version did to the one before: `upgrades/VERSION.json` of the starter. */
export const Step = z.strictObject({
  /** Processes of that version, and of those since, may run beside processes of this one on the same database. */
  runsBeside: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** Former paths of files, and the present ones. */
  moves: z.record(z.string(), z.string()),
  /** What a file exports under another name or from another file, as `PATH#NAME`: former ones, and present ones. */
  exports: z.record(z.string().regex(/#/), z.string().regex(/#/)),
});
export type Step = z.output<typeof Step>;

/** The steps from one commit of the starter to another, the first one first: those that the former one has no file of. */
export function stepsBetween(source: string, former: string, newer: string): Step[] {
  const files = (revision: string) =>
    git(source, 'ls-tree', '--name-only', revision, FOLDER).split('\n').filter(Boolean);
  const known = new Set(files(former));
  const since = files(newer).filter((path) => !known.has(path));
  return since.sort(byVersion).map((path) => readStep(path, git(source, 'show', `${newer}:${path}`)));
}

/** @throws UsageError that names the file and what is wrong with it */
function readStep(path: string, text: string): Step {
  const { data, error } = Step.safeParse(JSON.parse(text));
  return data ?? fail(`${path} of the starter is not as expected: ${z.prettifyError(error)}`);
}

/** Versions or paths with them, the lower one first. */
function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Where a file is after some steps, by where it was. */
export function movesOf(steps: readonly Step[]): Map<string, string> {
  const former = new Set(steps.flatMap(({ moves }) => Object.keys(moves)));
  return new Map([...former].map((path) => [path, ahead(steps, path, '').path]));
}

/** Where something that a file exports is after some steps. */
export function ahead(steps: readonly Step[], path: string, name: string): { path: string; name: string } {
  let at = { path, name };
  for (const { moves, exports } of steps) {
    const [file, called] = exports[`${at.path}#${at.name}`]?.split('#') ?? [];
    at = { path: file ?? moves[at.path] ?? at.path, name: called ?? at.name };
  }
  return at;
}

/** What to say where processes of a former version must not run beside those of the one that the steps lead to. */
export function apart(former: string, version: string, steps: readonly Step[]): string {
  const oldest = steps.at(-1)?.runsBeside;
  if (oldest === undefined || byVersion(former, oldest) >= 0) return '';
  return `Processes of ${former} must not run beside those of ${version}: deploy ${oldest} first, or stop all of them.\n`;
}
