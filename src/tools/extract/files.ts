import { posix } from 'node:path';
import { Manifest } from '../boundaries/modules/manifest.js';
import { importsOf } from '../init/example.js';
import { PACTS, providerOf } from '../pacts/files.js';
import type { Pact } from '../pacts/pact.js';

/** Where a pact lies. */
export const isPact = new RegExp(`^${PACTS}/.*[.]json$`);

/** Whose expectations a pact holds, and who has to meet them. */
export function partiesOf(text: string): [consumer: string, provider: string] {
  const pact = JSON.parse(text) as Pact;
  return [pact.consumer.name, providerOf(pact)];
}

/** The texts of a tree, by path. */
export type Files = ReadonlyMap<string, string>;

/** The files of a tree, and what becomes of them. */
export class Draft {
  readonly #edits = new Map<string, string | undefined>();
  readonly #files: Map<string, string>;

  constructor(files: Files) {
    this.#files = new Map(files);
  }

  /** As they will be. */
  get files(): Files {
    return this.#files;
  }

  /** What is written, and `undefined` for what goes. */
  get edits(): ReadonlyMap<string, string | undefined> {
    return this.#edits;
  }

  get gone(): ReadonlySet<string> {
    return new Set([...this.#edits].filter(([, text]) => text === undefined).map(([path]) => path));
  }

  set(path: string, text: string | undefined): void {
    if (this.#files.get(path) === text) return;
    this.#edits.set(path, text);
    if (text === undefined) this.#files.delete(path);
    else this.#files.set(path, text);
  }

  /** Changes the text of each file that fits, where there is one. */
  change(fits: string | RegExp, edit: (text: string, path: string) => string | undefined): void {
    const chosen = [...this.#files].filter(([path]) => (typeof fits === 'string' ? path === fits : fits.test(path)));
    for (const [path, text] of chosen) this.set(path, edit(text, path));
  }
}

export function manifestIn(files: Files, module: string): Manifest {
  return Manifest.parse(JSON.parse(files.get(`modules/${module}/module.json`)!));
}

/**
 * The modules whose contracts a module needs: those that it depends on, those that depend on it, and those of which their
 * contracts are made.
 */
export function talksTo(files: Files, module: string): Set<string> {
  const { dependsOn, consumers } = manifestIn(files, module);
  const found = new Set([...Object.keys(dependsOn), ...consumers]);
  for (const each of found) for (const other of madeOf(files, each)) found.add(other);
  found.delete(module);
  return found;
}

/** The modules of whose contracts those of a module are made. */
export function madeOf(files: Files, module: string): Set<string> {
  const own = `modules/${module}/`;
  const contracts = [...files].filter(([path]) => path.startsWith(`${own}contracts/`));
  const targets = contracts.flatMap(([path, text]) => importsOf(path, text));
  const modules = targets.filter((path) => path.startsWith('modules/') && !path.startsWith(own));
  return new Set(modules.map((path) => posix.normalize(path).split('/')[1]!));
}
