import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fail } from '../../lib/cli.js';
import { slashes } from '../../lib/slashes.js';
import type { ContextContracts, Snapshot } from '../describe.js';
import type { Recorded } from './drafts.js';
import type { SampleFile, Samples } from './samples.js';

const SNAPSHOT = 'contracts.snapshot.json';
const SAMPLES = 'contracts.samples.json';

export const snapshotPath = (module: string) => `modules/${module}/${SNAPSHOT}`;
export const samplesPath = (module: string) => `modules/${module}/${SAMPLES}`;

const NO_SAMPLES: SampleFile = { samples: {}, drafts: [] };

function sampleFile(content: unknown): SampleFile {
  const { $drafts: drafts = [], ...samples } = content as Samples & { $drafts?: readonly string[] };
  return { samples, drafts };
}

/** What the working tree has recorded of a module. */
export function readRecorded(root: string, module: string): Recorded {
  return {
    snapshot: readJson(root, snapshotPath(module)) as Snapshot,
    samples: sampleFile(readJson(root, samplesPath(module))),
  };
}

/** The same for all modules that have any. */
export function readAllRecorded(root: string): Map<string, Recorded> {
  const has = (path: string) => existsSync(join(root, path));
  const modules = modulesIn(root).filter((module) => has(snapshotPath(module)) || has(samplesPath(module)));
  return new Map(modules.map((module) => [module, readRecorded(root, module)]));
}

/** The texts of some modules, by path. */
export function readModuleFiles(root: string, modules: readonly string[]): Map<string, string> {
  const paths = modules.flatMap((module) => {
    const entries = readdirSync(join(root, 'modules', module), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((entry) => slashes(relative(root, join(entry.parentPath, entry.name))));
  });
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** Writes what is recorded of a module. @returns the files that are other ones now */
export async function writeRecorded(root: string, module: string, { snapshot, samples }: Recorded): Promise<string[]> {
  const drafts = samples.drafts.length > 0 ? { $drafts: [...samples.drafts].sort() } : {};
  const files: [path: string, content: object][] = [
    [snapshotPath(module), snapshot],
    [samplesPath(module), { ...drafts, ...samples.samples }],
  ];
  const written: string[] = [];
  for (const [path, content] of files) if (await writeJson(root, path, content)) written.push(path);
  return written;
}

/**
 * The snapshots of another revision, by module; without samples.
 * @throws UsageError when there is no such revision, or it has modules but no snapshots
 */
export function readRecordedAt(root: string, revision: string): Map<string, Recorded> {
  const listed = git(root, ['ls-tree', '-r', '--name-only', revision, '--', 'modules'], revision).split('\n');
  const modules = listed
    .map((path) => /^modules\/([^/]+)\/contracts\.snapshot\.json$/.exec(path)?.[1])
    .filter((module) => module !== undefined);
  if (modules.length === 0 && listed.some((path) => path.endsWith('/contracts/index.ts')))
    fail(`--base ${revision} has modules but no snapshots of their contracts: compare with a later revision.`);
  return new Map(
    modules.map((module) => [module, { snapshot: snapshotAt(root, revision, module), samples: NO_SAMPLES }]),
  );
}

const snapshotAt = (root: string, revision: string, module: string) =>
  parse(git(root, ['show', `${revision}:./${snapshotPath(module)}`], revision), snapshotPath(module)) as Snapshot;

function git(root: string, args: readonly string[], revision: string): string {
  if (revision.startsWith('-')) fail(`--base has to be a git revision, not "${revision}".`);
  try {
    return execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return fail(`git cannot read ${revision}: ${(stderr || message).trim().split('\n')[0]}`);
  }
}

/** @throws UsageError when a module that has contracts is not among the modules that run: it would go unchecked */
export function refuseUnknownModules(root: string, contexts: readonly ContextContracts[]): void {
  const known = new Set(contexts.map(({ name }) => name));
  const unknown = modulesIn(root).filter(
    (module) => !known.has(module) && existsSync(join(root, 'modules', module, 'contracts')),
  );
  if (unknown.length > 0)
    fail(
      `src/modules.ts does not name ${unknown.join(', ')}, so that ${unknown.length > 1 ? 'their' : 'its'} contracts cannot be checked.`,
    );
  const missing = [...known].filter((module) => !existsSync(join(root, 'modules', module)));
  if (missing.length > 0) fail(`There is no folder modules/${missing[0]}: run this in the project's folder.`);
}

function modulesIn(root: string): string[] {
  const folder = join(root, 'modules');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** The content of a JSON file; an absent one is empty. */
function readJson(root: string, path: string): unknown {
  return existsSync(join(root, path)) ? parse(readFileSync(join(root, path), 'utf8'), path) : {};
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`${path} is not JSON: ${(error as Error).message}`);
  }
}

/** Writes a JSON file as the formatter wants it, unless it has that content. @returns whether it did */
async function writeJson(root: string, path: string, value: object): Promise<boolean> {
  if (JSON.stringify(value) === JSON.stringify(readJson(root, path))) return false;
  const { format, resolveConfig } = await import('prettier');
  const options = await resolveConfig(join(root, path));
  const text = await format(JSON.stringify(value), { ...options, parser: 'json' });
  writeFileSync(join(root, path), text);
  return true;
}
