import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CouldNotCheck } from '../boundaries/violation.js';

/** Where the last result of each module is kept: committed, so that everybody sees how old it is. */
export const REHEARSALS = 'docs/rehearsals.json';

const Rehearsal = z.object({
  at: z.iso.datetime(),
  /** Of the code that was rehearsed; absent without git. */
  commit: z.string().optional(),
  events: z.string(),
  seed: z.int(),
  /** Which part of the suite was run; absent: all of it. */
  files: z.string().optional(),
  stages: z.array(z.object({ title: z.string(), passed: z.int(), failures: z.array(z.string()) })),
});

/** The last rehearsal of one module. */
export type Rehearsal = z.output<typeof Rehearsal>;

/** By module. @throws CouldNotCheck when the file is not what a rehearsal writes */
export function readRehearsals(root: string): Map<string, Rehearsal> {
  const path = join(root, REHEARSALS);
  if (!existsSync(path)) return new Map();
  try {
    return new Map(Object.entries(z.record(z.string(), Rehearsal).parse(JSON.parse(readFileSync(path, 'utf8')))));
  } catch (cause) {
    const message = `${REHEARSALS} is not what npm run rehearse writes: remove it, and rehearse again.`;
    throw new CouldNotCheck(message, { cause });
  }
}

/** Puts results in place of the former ones of the same modules. */
export function recordRehearsals(root: string, results: ReadonlyMap<string, Omit<Rehearsal, 'at' | 'commit'>>): void {
  const commit = commitOf(root);
  const now = { at: new Date().toISOString(), ...(commit && { commit }) };
  const all = readRehearsals(root);
  for (const [module, result] of results) all.set(module, { ...now, ...result });
  const sorted = Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  mkdirSync(dirname(join(root, REHEARSALS)), { recursive: true });
  writeFileSync(join(root, REHEARSALS), `${JSON.stringify(sorted, null, 2)}\n`);
}

function commitOf(cwd: string): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}
