import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fail } from '../lib/cli.js';
import type { Difference } from './changes.js';
import { put } from './changes.js';

/** What generators did, the latest last. Git knows nothing of it; whoever removes it undoes by git. */
const LOG = 'dist/.generated.json';
const KEPT = 20;

const Done = z.object({
  words: z.string(),
  files: z.array(z.object({ path: z.string(), before: z.string().optional(), after: z.string().optional() })),
});
type Done = z.output<typeof Done>;

/** Notes what a generator did, so that it can be undone. */
export function remember(root: string, words: string, files: readonly Difference[]): void {
  write(root, [...read(root), { words, files: [...files] }]);
}

/**
 * Takes back what the latest generator did, all of it or nothing.
 *
 * @returns what it was, and the files
 * @throws UsageError when there is nothing, or a file is another one by now
 */
export function undo(root: string): { words: string; paths: string[] } {
  const log = read(root);
  const last = log.at(-1) ?? fail('There is nothing to undo: no generator is known to have run here. Git knows more.');
  const changed = last.files.filter(({ path, after }) => textAt(root, path) !== after).map(({ path }) => path);
  if (changed.length > 0)
    fail(
      `"${last.words}" cannot be undone: since then ${changed.join(', ')} changed. Nothing was undone; take that back first, or restore by git.`,
    );
  for (const { path, before } of last.files) put(join(root, path), before);
  write(root, log.slice(0, -1));
  return { words: last.words, paths: last.files.map(({ path }) => path) };
}

function read(root: string): Done[] {
  const text = textAt(root, LOG);
  try {
    return text === undefined ? [] : z.array(Done).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

function write(root: string, log: readonly Done[]): void {
  mkdirSync(dirname(join(root, LOG)), { recursive: true });
  writeFileSync(join(root, LOG), JSON.stringify(log.slice(-KEPT)));
}

export function textAt(root: string, path: string): string | undefined {
  const full = join(root, path);
  return existsSync(full) ? readFileSync(full, 'utf8') : undefined;
}
