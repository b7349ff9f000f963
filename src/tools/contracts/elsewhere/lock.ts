import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Finding } from '../finding.js';

/** Where the contracts of a module of another repository were taken from. */
const Lock = z.strictObject({
  /** The address or the path of the repository that owns them. */
  source: z.string(),
  /** The commit there. */
  revision: z.string(),
  /** Of what was taken over, so that nobody changes it here. */
  digest: z.string(),
});
type Lock = z.output<typeof Lock>;

export const lockPath = (module: string) => `modules/${module}/contracts.lock.json`;

/** What a lock is to say of these files, by path. */
export function lockOf(files: ReadonlyMap<string, string>, module: string, source: string, revision: string): string {
  return `${JSON.stringify({ source, revision, digest: digestOf(files, module) } satisfies Lock, null, 2)}\n`;
}

/** Of contracts and snapshot, in whatever order they are read. */
function digestOf(files: ReadonlyMap<string, string>, module: string): string {
  const folder = `modules/${module}/`;
  const isPart = (path: string) =>
    path.startsWith(`${folder}contracts/`) || path === `${folder}contracts.snapshot.json`;
  const parts = [...files].filter(([path]) => isPart(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  for (const [path, text] of parts) hash.update(`${path.slice(folder.length)}\0${text.replaceAll('\r\n', '\n')}\0`);
  return `sha256:${hash.digest('hex')}`;
}

/** Contracts of others that are not what their lock says. */
export function lockFindings(files: ReadonlyMap<string, string>, elsewhere: readonly string[]): Finding[] {
  return elsewhere.flatMap((module): Finding[] => {
    const file = lockPath(module);
    const pull = `npm run contracts -- pull ${module}`;
    const text = files.get(file);
    const wrong = (what: string, todo: string): Finding[] => [{ level: 'wrong', file, what, breaks: [], todo }];
    if (text === undefined)
      return wrong(
        `${module} lives in another repository, and nobody knows which of its contracts these are`,
        `Run "${pull}".`,
      );
    const lock = Lock.safeParse(JSON.parse(text));
    if (!lock.success) return wrong('this is no lock: expected source, revision and digest', `Run "${pull}".`);
    if (lock.data.digest === digestOf(files, module)) return [];
    const { source } = lock.data;
    return wrong(
      `the contracts of ${module} were changed here`,
      `Change them in ${source}, commit, and run "${pull}".`,
    );
  });
}
