import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fail } from '../lib/cli.js';

/** What the manifest of a module says of others. */
interface Neighbours {
  readonly name: string;
  /** Whom it asks. */
  readonly asks: readonly string[];
  /** Who hears of its events. */
  readonly heardBy: readonly string[];
}

/** What can be told from a change: all specs, for a reason, or some. */
type Affected = { all: string } | { specs: string[] };

const MODULE_FILE = /^modules\/([^/]+)\//;
/** A change to these changes no behaviour. */
const PROSE = /\.(md|svg|png)$|^(docs|\.github|\.vscode|\.devcontainer)\//;
/** Start the application as it is built, with all modules: their imports do not tell what they depend on. */
const WHOLE = /^test\/(acceptance|guides)\//;

/**
 * The files that differ from a revision: committed since it left the present branch, changed, or new.
 * @throws UsageError where there is no repository or no such revision
 */
export function changedSince(revision: string): string[] {
  const lines = (...args: string[]) => {
    try {
      return execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).split('\n').filter(Boolean);
    } catch (error) {
      const [why] = String((error as { stderr?: unknown }).stderr).split('\n');
      return fail(`--changed needs a git repository and a revision in it, such as origin/main: ${why}`);
    }
  };
  const changed = lines('diff', '--name-only', '--merge-base', revision);
  return [...new Set([...changed, ...lines('ls-files', '--others', '--exclude-standard')])].sort();
}

/** The modules, as their manifests describe them. */
export function readNeighbours(): Neighbours[] {
  const folders = readdirSync('modules', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => {
    const manifest = JSON.parse(readFileSync(join('modules', name, 'module.json'), 'utf8')) as {
      dependsOn?: Record<string, string>;
      consumers?: string[];
    };
    return { name, asks: Object.keys(manifest.dependsOn ?? {}), heardBy: manifest.consumers ?? [] };
  });
}

/**
 * Which specs can come out otherwise because of a change.
 *
 * - A module is affected by its own files, and by those of a module whose messages it sends or hears.
 * - A spec outside the modules is affected by what it imports, and by each module where it starts the whole application.
 * - Everything is affected by the platform, the tools, the support of the tests and the settings of the project.
 *
 * @param changed paths of files, with `/`
 * @param specs paths of all specs
 * @param importsOf the files that a file imports
 */
export function affectedBy(
  changed: readonly string[],
  specs: readonly string[],
  modules: readonly Neighbours[],
  importsOf: (file: string) => readonly string[] = readImports,
): Affected {
  const code = changed.filter((file) => !PROSE.test(file));
  const common = code.find((file) => !MODULE_FILE.test(file) && !specs.includes(file));
  if (common !== undefined) return { all: common };
  const touched = new Set(code.flatMap((file) => MODULE_FILE.exec(file)?.[1] ?? []));
  const reached = modules.filter(
    ({ name, asks }) =>
      touched.has(name) ||
      asks.some((other) => touched.has(other)) ||
      modules.some((other) => touched.has(other.name) && other.heardBy.includes(name)),
  );
  const names = new Set(reached.map(({ name }) => name));
  const isAffected = (spec: string) => {
    if (changed.includes(spec)) return true;
    const own = MODULE_FILE.exec(spec)?.[1];
    if (own !== undefined) return names.has(own);
    if (WHOLE.test(spec)) return touched.size > 0 || (changed.length > 0 && spec.startsWith('test/guides/'));
    return [...closureOf(spec, importsOf)].some((file) => touched.has(MODULE_FILE.exec(file)?.[1] ?? ''));
  };
  return { specs: specs.filter(isAffected) };
}

function closureOf(file: string, importsOf: (file: string) => readonly string[]): Set<string> {
  const found = new Set([file]);
  for (const each of found) for (const imported of importsOf(each)) found.add(imported);
  return found;
}

const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

function readImports(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const paths = [...text.matchAll(IMPORT)].map(([, path]) => join(dirname(file), path!));
  return paths.map((path) => relative('.', path).replaceAll('\\', '/').replace(/\.js$/, '.ts'));
}
