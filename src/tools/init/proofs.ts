import { z } from 'zod';
import { withDependants } from './example.js';

/** Says what only proves that the template works. It goes with it. */
const LIST = 'test/proofs.json';

const Proofs = z.strictObject({
  /** Commands of `package.json` that run nothing else. */
  scripts: z.array(z.string()),
  /** Files and folders. Tests that import any of it need not be named. */
  files: z.array(z.string()).min(1),
});
type Proofs = z.output<typeof Proofs>;

/** @returns `undefined` when they were dropped already */
export function readProofs(files: ReadonlyMap<string, string>): Proofs | undefined {
  const text = files.get(LIST);
  return text === undefined ? undefined : Proofs.parse(JSON.parse(text));
}

export function filesOfProofs(proofs: Proofs, files: ReadonlyMap<string, string>): Set<string> {
  return withDependants([LIST, ...proofs.files], files);
}

/**
 * A file of settings without the entries that name a path which is gone, and without what only spoke of such paths.
 * @param text JSON
 */
export function withoutPaths(text: string, isGone: (path: string) => boolean): string {
  const value = JSON.parse(text) as unknown;
  const pruned = prune(value, (item) => isGone(item.replace(/\/\*\*$/, '')));
  return JSON.stringify(pruned) === JSON.stringify(value) ? text : `${JSON.stringify(pruned, null, 2)}\n`;
}

function prune(value: unknown, isGone: (item: string) => boolean): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !speaksOfGone(item, isGone)).map((item) => prune(item, isGone));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, prune(item, isGone)]));
}

function speaksOfGone(item: unknown, isGone: (item: string) => boolean): boolean {
  if (typeof item === 'string') return isGone(item);
  const files = (item as { matchFileNames?: string[] } | null)?.matchFileNames;
  return files !== undefined && files.every((file) => isGone(file.replace(/\/\*\*$/, '')));
}

/** `package.json` without some commands. */
export function withoutScripts(text: string, scripts: readonly string[]): string {
  const pattern = (script: string) => new RegExp(`,?\\n    "${script}": "[^"]*"(?=,?\\n)`);
  return scripts.reduce((left, script) => left.replace(pattern(script), ''), text);
}
