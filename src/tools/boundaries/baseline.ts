import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { exists, readText } from './modules/tree.js';
import type { Violation } from './violation.js';
import { CouldNotCheck, inOrder, isNew, violation } from './violation.js';

export const BASELINE = 'boundaries-baseline.json';

/** Violations of one kind in one file; without lines, so that what is written above them changes nothing. */
const Entry = z.strictObject({
  file: z.string(),
  rule: z.string(),
  target: z.string(),
  count: z.int().min(1),
});
type Entry = z.output<typeof Entry>;
const Baseline = z.strictObject({ known: z.array(Entry).min(1) });

/** What is told by a command or comment, and never known from before. */
const NEVER = new Set(['allowance', 'baseline', 'generated-file', 'manifest', 'none-yet']);

/** @returns what was recorded; nothing when there is no baseline. @throws CouldNotCheck when it cannot be understood */
export function readBaseline(root: string): Entry[] | undefined {
  if (!exists(join(root, BASELINE))) return undefined;
  const parsed = Baseline.safeParse(jsonOf(readText(root, BASELINE)));
  if (parsed.success) return parsed.data.known;
  const [issue] = parsed.error.issues;
  throw new CouldNotCheck(
    `${BASELINE} is broken: ${issue!.path.join('.') || 'it'}: ${issue!.message}. Restore it; to begin anew, remove it and run "npm run boundaries -- --baseline".`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Marks what the baseline has as known, and reports what it has although it is gone: else that could come back unseen. */
export function withBaseline(root: string, violations: readonly Violation[]): Violation[] {
  const left = new Map((readBaseline(root) ?? []).map((entry) => [keyOf(entry), entry.count]));
  const marked = violations.map((found) =>
    isNew(found) && takeOne(left, found) ? { ...found, known: true as const } : found,
  );
  return inOrder([...marked, ...fixed(root, left)]);
}

function takeOne(left: Map<string, number>, found: Violation): boolean {
  const count = left.get(keyOf(found)) ?? 0;
  if (count > 0) left.set(keyOf(found), count - 1);
  return count > 0;
}

function fixed(root: string, left: ReadonlyMap<string, number>): Violation[] {
  const text = left.size > 0 ? readText(root, BASELINE) : '';
  return [...left].flatMap(([key, count]) => {
    if (count === 0) return [];
    const { file, rule, target } = JSON.parse(key) as Entry;
    const message = `${rule} in ${file} (${target}) is mended: ${count} fewer than recorded. Run "npm run boundaries -- --baseline", which takes it out, and commit that.`;
    return [
      violation({
        file: BASELINE,
        line: lineOf(text, { file, rule, target }),
        rule: 'baseline',
        target: file,
        message,
      }),
    ];
  });
}

function lineOf(text: string, entry: Omit<Entry, 'count'>): number {
  const start = JSON.stringify(entry).slice(1, -1);
  return (
    Math.max(
      0,
      text.split('\n').findIndex((line) => line.includes(start)),
    ) + 1
  );
}

/**
 * Records what there is; where there is a baseline already, it only becomes shorter: what is new is never taken in.
 *
 * @param violations as `withBaseline` marked them
 * @returns them, marked by what is recorded now
 */
export function writeBaseline(root: string, violations: readonly Violation[]): Violation[] {
  const isFirst = !exists(join(root, BASELINE));
  const recorded = violations.filter((found) => (isFirst ? isNew(found) && !NEVER.has(found.rule) : found.known));
  if (recorded.length === 0) rmSync(join(root, BASELINE), { force: true });
  else writeFileSync(join(root, BASELINE), textOf(entriesOf(recorded)));
  return withBaseline(root, violations.filter(({ rule }) => rule !== 'baseline').map(unmarked));
}

/**
 * Takes in what is wrong below a folder that is new: nothing of it was there before, so nothing comes back unseen.
 *
 * @param violations of the whole tree, as `withBaseline` marked them
 */
export function recordBelow(root: string, folder: string, violations: readonly Violation[]): void {
  const recorded = violations.filter(
    (found) => found.known || (isNew(found) && !NEVER.has(found.rule) && found.file.startsWith(folder)),
  );
  if (recorded.length > 0) writeFileSync(join(root, BASELINE), textOf(entriesOf(recorded)));
}

function unmarked(found: Violation): Violation {
  const { known, ...rest } = found;
  return known ? rest : found;
}

function entriesOf(violations: readonly Violation[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { file, rule, target } of violations) {
    const key = keyOf({ file, rule, target });
    entries.set(key, { file, rule, target, count: (entries.get(key)?.count ?? 0) + 1 });
  }
  return [...entries.values()];
}

function keyOf({ file, rule, target }: Pick<Violation, 'file' | 'rule' | 'target'>): string {
  return JSON.stringify({ file, rule, target });
}

/** One entry a line, so that branches which mend different ones can be merged. */
function textOf(entries: readonly Entry[]): string {
  return `{\n  "known": [\n${entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]\n}\n`;
}
