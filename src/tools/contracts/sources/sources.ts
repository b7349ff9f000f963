import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCompilerOptions } from '../../boundaries/sources/compiler.js';
import { Resolver } from '../../boundaries/references/resolve.js';
import type { Source } from '../../boundaries/sources/source.js';
import { parse } from '../../boundaries/sources/source.js';
import { CouldNotCheck, isSpec } from '../../boundaries/violation.js';
import { fail } from '../../lib/cli.js';
import { slashes } from '../../lib/slashes.js';

/** The files of a project, each parsed once. */
export class Sources {
  readonly #parsed = new Map<string, Source | undefined>();
  readonly #resolver: Resolver;

  /** @param root the project's folder */
  constructor(readonly root: string) {
    this.#resolver = new Resolver(root, existsSync(join(root, 'tsconfig.json')) ? readCompilerOptions(root) : {});
  }

  /** @returns `undefined` for what is no file. @throws UsageError when it cannot be parsed */
  at(path: string): Source | undefined {
    if (!this.#parsed.has(path)) this.#parsed.set(path, this.#parse(path));
    return this.#parsed.get(path);
  }

  /** The path that a specifier leads to; `undefined` for packages. */
  resolve(from: string, specifier: string): string | undefined {
    return this.#resolver.resolve(from, specifier);
  }

  /** The code of a folder. Specs play the other side; they need nothing. */
  in(folder: string): Source[] {
    if (!existsSync(join(this.root, folder))) return [];
    return readdirSync(join(this.root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${slashes(path)}`)
      .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !isSpec(path))
      .flatMap((path) => this.at(path) ?? []);
  }

  #parse(path: string): Source | undefined {
    if (!/\.[cm]?[jt]sx?$/.test(path) || !existsSync(join(this.root, path))) return undefined;
    try {
      return parse(path, readFileSync(join(this.root, path), 'utf8'));
    } catch (error) {
      if (error instanceof CouldNotCheck) fail(error.message);
      throw error;
    }
  }
}
