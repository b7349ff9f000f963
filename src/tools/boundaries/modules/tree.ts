import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { slashes } from '../../lib/slashes.js';
import { CouldNotCheck, moduleOf } from '../violation.js';

/** What lies in a tree, found without the help of any other tool, so that what those overlook is noticed. */
export interface Tree {
  root: string;
  /** Every folder of `modules/`. */
  modules: readonly string[];
  /** Paths from the root of everything that is code. */
  sources: readonly string[];
  /** SQL files of modules. */
  sqlFiles: readonly string[];
  /** Links that lead out of the module, or the part of the tree, that they lie in. */
  leavingLinks: readonly { path: string; target: string }[];
  /** Packages that hide from the checks inside of the tree. */
  nestedPackages: readonly string[];
}

/** Without it, no modules are taken for a mistake; it must not outlive the first one. */
export const NONE_YET = 'modules/none-yet.md';

const PARTS = ['src', 'modules', 'test'];
const CODE = /\.[cm]?[jt]sx?$/;

/**
 * @throws CouldNotCheck when there are no modules, or something cannot be read
 */
export function readTree(root: string): Tree {
  const found = { root, modules: modulesIn(root), sources: [], sqlFiles: [], leavingLinks: [], nestedPackages: [] };
  if (found.modules.length === 0 && !exists(join(root, NONE_YET)))
    throw new CouldNotCheck(
      `There are no modules in ${join(root, 'modules')}. Where that is right because there are none yet, ${NONE_YET} says so.`,
    );
  for (const part of PARTS) if (exists(join(root, part))) collect(found, part);
  return found;
}

/** @throws CouldNotCheck when it cannot be read as text */
export function readText(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (cause) {
    throw new CouldNotCheck(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function modulesIn(root: string): string[] {
  const folder = join(root, 'modules');
  if (!exists(folder)) return [];
  return list(folder).filter((name) => lstatSync(join(folder, name)).isDirectory());
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw new CouldNotCheck(`${folder} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

function collect(tree: Mutable<Tree>, folder: string): void {
  for (const name of list(join(tree.root, folder))) {
    const path = `${folder}/${name}`;
    const kind = lstatSync(join(tree.root, path));
    if (kind.isSymbolicLink()) collectLink(tree, path);
    else if (!kind.isDirectory()) collectFile(tree, path);
    else if (name === 'node_modules') collectPackages(tree, path);
    else collect(tree, path);
  }
}

function collectFile(tree: Mutable<Tree>, path: string): void {
  if (CODE.test(path)) tree.sources.push(path);
  else if (path.endsWith('.sql') && moduleOf(path)) tree.sqlFiles.push(path);
}

/** A link within its own module leads to a file that is read anyway. */
function collectLink(tree: Mutable<Tree>, path: string): void {
  let target: string;
  try {
    target = slashes(relative(realpathSync(tree.root), realpathSync(join(tree.root, path))));
  } catch (cause) {
    throw new CouldNotCheck(`${path} is a link to nowhere.`, { cause });
  }
  if (home(target) !== home(path)) tree.leavingLinks.push({ path, target });
}

function home(path: string): string {
  return moduleOf(`${path}/`) ?? `/${path.split('/')[0]}`;
}

/** Benchmarks may install the packages of others; no code of ours may hide in such a folder. */
function collectPackages(tree: Mutable<Tree>, path: string): void {
  if (!path.startsWith('test/')) tree.nestedPackages.push(path);
}
